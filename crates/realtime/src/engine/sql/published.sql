-- Published tables that a binding names; LIKE without an escape character.
-- $1 schema's pattern, $2 table's pattern; columns: oid, schema, table
select c.oid, p.schemaname::text, p.tablename::text
from pg_catalog.pg_publication_tables p
join pg_catalog.pg_namespace n on n.nspname = p.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
where p.pubname = 'supabase_realtime'
  and ($1 = '*' or p.schemaname like $1 escape '')
  and ($2 = '*' or p.tablename like $2 escape '')
