-- The identity of each user in $1 that has an address and none yet.
insert into auth.identities (provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at)
select 'email', u.id::text, u.id,
  jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', u.email_confirmed_at is not null, 'phone_verified', false),
  u.last_sign_in_at, u.created_at, u.updated_at
from auth.users u
where u.id = any ($1::uuid[]) and u.email is not null
  and not exists (select 1 from auth.identities i where i.user_id = u.id and i.provider = 'email')
