-- Users from elsewhere with their hashes, as the auth server itself would have stored them. One array per column:
-- $1 id, $2 email, $3 phone, $4 hash, $5 email confirmed, $6 phone confirmed, $7 created, $8 updated,
-- $9 last sign-in, $10 banned until, $11 app metadata, $12 user metadata.
insert into auth.users (
  instance_id, id, aud, role, email, phone, encrypted_password, email_confirmed_at, phone_confirmed_at,
  created_at, updated_at, last_sign_in_at, banned_until, raw_app_meta_data, raw_user_meta_data, is_anonymous,
  confirmation_token, recovery_token, email_change_token_new, email_change, email_change_token_current,
  reauthentication_token, phone_change, phone_change_token)
select '00000000-0000-0000-0000-000000000000', u.id, 'authenticated', 'authenticated', u.email, u.phone, u.hash,
  u.email_confirmed, u.phone_confirmed, u.created, u.updated, u.signed_in, u.banned, u.app::jsonb, u.meta::jsonb, false,
  '', '', '', '', '', '', '', ''
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
  $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[])
  as u(id, email, phone, hash, email_confirmed, phone_confirmed, created, updated, signed_in, banned, app, meta)
