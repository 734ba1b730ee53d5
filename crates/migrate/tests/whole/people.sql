-- Everybody: how many, with a password, with an identity, locked out, and their addresses.
select count(*), count(*) filter (where encrypted_password like '$%'),
       count(*) filter (where exists (select from auth.identities i where i.user_id = u.id and i.provider = 'email')),
       count(*) filter (where banned_until > now()),
       coalesce(array_agg(email::text order by email) filter (where email not like '%@users.invalid'), '{}')
from auth.users u
