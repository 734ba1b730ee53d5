-- What the users in $1 are like: id, address, hash, whether banned now, whether there is an identity, whether confirmed.
select u.id, u.email, coalesce(u.encrypted_password, ''), coalesce(u.banned_until > now(), false),
  exists (select 1 from auth.identities i where i.user_id = u.id), u.email_confirmed_at is not null
from auth.users u
where u.id = any ($1::uuid[])
