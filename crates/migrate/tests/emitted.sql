-- What a conversion leaves besides rows, in lines: columns, constraints, indexes, policies, privileges, publication,
-- rows in quarantine's tables.
select format('column %s.%s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'legacy_private') and c.relkind in ('r', 'v', 'm') and a.attnum > 0 and not a.attisdropped
union all
select format('constraint %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
from pg_constraint
where connamespace = 'public'::regnamespace and contype <> 'n'
union all
select format('index %s', indexdef) from pg_indexes where schemaname = 'public'
union all
select format('policy %s', to_jsonb(p)) from pg_policies p where schemaname = 'public'
union all
select format('privilege %s %s %s', table_name, grantee, privilege_type)
from information_schema.role_table_grants
where table_schema = 'public' and grantee in ('anon', 'authenticated', 'service_role')
union all
select format('row security %s %s', relname, relrowsecurity)
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
union all
select format('published %s.%s', schemaname, tablename) from pg_publication_tables where pubname = 'supabase_realtime'
order by 1
