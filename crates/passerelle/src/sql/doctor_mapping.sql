-- What a migration noted of somebody. $1: an address, an old id, or a UUID. columns: UUID, address, whether the user is there
select m.supabase_user_id::text, m.email::text, exists (select from auth.users u where u.id = m.supabase_user_id)
from public.user_id_mapping m
where lower(m.email) = lower($1::text)
  or m.old_user_id::text = $1::text
  or m.supabase_user_id::text = lower($1::text)
limit 1
