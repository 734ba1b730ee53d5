-- A new identity $1: subject $2 at provider $4 is user $3, and says $5; $6 now.
insert into auth.identities
  (id, provider_id, user_id, provider, identity_data, last_sign_in_at, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $6, $6)
