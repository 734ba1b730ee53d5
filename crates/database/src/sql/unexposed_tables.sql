-- Tables of a database that is prepared for the first time and that callers do not reach; none later.
-- columns: schema and name
select format('%I.%I', n.nspname, c.relname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and to_regnamespace('passerelle') is null
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
  and not exists (
    select
    from pg_catalog.pg_roles r
    where r.rolname in ('anon', 'authenticated') and has_table_privilege(r.oid, c.oid, 'select')
  )
order by 1
