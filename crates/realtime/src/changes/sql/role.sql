-- What a role may see of a table.
-- $1 oid of the table, $2 name of the role. One column: a JSON object; no row when either does not exist.
select pg_catalog.json_build_object(
  'columns', (
    select coalesce(pg_catalog.json_agg(a.attname order by a.attnum), '[]')
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
      and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'select')
  ),
  -- As PostgreSQL decides whether row security is active.
  'secured', c.relrowsecurity and not r.rolsuper and not r.rolbypassrls
    and (c.relforcerowsecurity or not pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')),
  'policies', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', p.oid::bigint,
      'applies', 0::pg_catalog.oid = any (p.polroles) or exists (
        select
        from pg_catalog.unnest(p.polroles) as named(oid)
        where pg_catalog.pg_has_role(r.oid, named.oid, 'usage')
      ),
      'plain', not exists (
        select
        from pg_catalog.pg_depend d
        join pg_catalog.pg_class other on other.oid = d.refobjid
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
          and d.objid = p.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.deptype = 'n'
          and other.oid <> c.oid
          and (other.relkind not in ('r', 'p') or other.relrowsecurity)
      ) and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
          and d.objid = p.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjid = c.oid
          and d.refobjsubid = 0
          and d.deptype = 'n'
      )
    ) order by p.oid), '[]')
    from pg_catalog.pg_policy p
    where p.polrelid = c.oid and p.polcmd in ('r', '*')
  )
)::text
from pg_catalog.pg_class c
cross join pg_catalog.pg_roles r
where c.oid = $1 and r.rolname = $2
