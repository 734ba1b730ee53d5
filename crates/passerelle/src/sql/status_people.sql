-- The mapping of one run, now. $1: the run. columns: lines, made here, failed, without their user, open to callers of the API
select count(*), count(*) filter (where m.status in ('created', 'placeholder')), count(*) filter (where m.status = 'failed'),
  count(*) filter (where m.status <> 'failed' and not exists (select from auth.users u where u.id = m.supabase_user_id)),
  not (select c.relrowsecurity and c.relforcerowsecurity from pg_catalog.pg_class c where c.oid = 'public.user_id_mapping'::regclass)
    or has_table_privilege('anon', 'public.user_id_mapping', 'select')
    or has_table_privilege('authenticated', 'public.user_id_mapping', 'select')
from public.user_id_mapping m
where m.run_id = $1
