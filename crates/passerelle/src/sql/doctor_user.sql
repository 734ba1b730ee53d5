-- Who somebody is, by address, phone, UUID or the id of a legacy application. $1: one of them.
select
  u.id::text as id,
  u.email::text as email,
  u.deleted_at is not null as deleted,
  coalesce(u.banned_until > now(), false) as banned,
  coalesce(to_char(u.banned_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), '') as banned_until,
  coalesce(u.email_confirmed_at, u.phone_confirmed_at) is not null or u.is_anonymous as confirmed,
  u.is_anonymous as is_anonymous,
  u.is_sso_user as is_sso,
  u.encrypted_password as hash,
  u.raw_app_meta_data ->> 'legacy_id' as legacy_id,
  exists (select from auth.identities i where i.user_id = u.id) as has_identity
from auth.users u
where lower(u.email) = lower($1::text)
  or u.phone = ltrim($1::text, '+')
  or u.id::text = lower($1::text)
  or u.raw_app_meta_data ->> 'legacy_id' = $1::text
order by u.deleted_at nulls first, u.created_at
limit 3
