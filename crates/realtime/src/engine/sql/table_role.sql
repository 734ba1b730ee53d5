-- What a role may see of a table.
-- $1 table's oid, $2 role; columns: row security on, policies apply to the role, selectable attnums
select
  c.relrowsecurity,
  c.relrowsecurity
    and not r.rolbypassrls
    and not r.rolsuper
    and (c.relforcerowsecurity or not pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')),
  array(
    select a.attnum
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'select')
  )
from pg_catalog.pg_class c, pg_catalog.pg_roles r
where c.oid = $1 and r.rolname = $2
