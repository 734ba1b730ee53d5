-- The policies that decide what a role may select of a table; names are printed with their schemas, because the
-- session's search path is empty.
-- $1 table's oid, $2 role; columns: permissive, expression
select p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid)
from pg_catalog.pg_policy p, pg_catalog.pg_roles r
where p.polrelid = $1
  and r.rolname = $2
  and p.polcmd in ('r', '*')
  and p.polqual is not null
  and exists (
    select
    from unnest(p.polroles) as applies
    where applies = 0 or pg_catalog.pg_has_role(r.oid, applies, 'usage')
  )
order by p.polname
