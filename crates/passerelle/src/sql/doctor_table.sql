-- What decides whether a table's rows and changes reach a caller. $1: schema, $2: table
select
  c.oid,
  c.relrowsecurity as row_security,
  (select count(*) from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*')
     and (0 = any (p.polroles) or exists (
       select from pg_catalog.pg_roles r
       where r.oid = any (p.polroles) and pg_catalog.pg_has_role('authenticated', r.oid, 'usage')))) as policies,
  has_table_privilege('authenticated', c.oid, 'select')
    and has_schema_privilege('authenticated', c.relnamespace, 'usage') as granted,
  exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) as has_key,
  c.relreplident::text as identity,
  exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') as has_publication,
  exists (select from pg_catalog.pg_publication_tables t
    where t.pubname = 'supabase_realtime' and t.schemaname = n.nspname and t.tablename = c.relname) as published,
  pg_catalog.format('%I.%I', n.nspname, c.relname) as quoted
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1::text and c.relname = $2::text and c.relkind in ('r', 'p')
