with session as (
  insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
  values ($1, $2, $3, $3, 'aal1', $4, $5::text::inet)
), amr as (
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values ($6, $1, $3, $3, $7)
), token as (
  insert into auth.refresh_tokens (instance_id, token, user_id, parent, session_id, revoked, created_at, updated_at)
  values ('00000000-0000-0000-0000-000000000000', $8, $2::text, null, $1, false, $3, $3)
)
update auth.users set last_sign_in_at = $3, updated_at = $3 where id = $2
