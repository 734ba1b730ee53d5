insert into auth.identities
  (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values ($1, $2::uuid::text, $2, $4, $3, $5, $5, $5)
