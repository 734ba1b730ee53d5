-- The tables of a publication.
-- $1 its name. Columns: oid, schema, name.
select c.oid, t.schemaname::text as schema, t.tablename::text as name
from pg_catalog.pg_publication_tables t
join pg_catalog.pg_namespace n on n.nspname = t.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
where t.pubname = $1
order by c.oid
