-- Privileges that are not the owner's. $1: schemas. Kind, quoted name, grantee ('' is public), privilege, column, grantable.
select case when c.relkind = 'S' then 'sequence' else 'table' end, format('%I.%I', n.nspname, c.relname),
       coalesce(r.rolname::text, ''), x.privilege_type, null::text, x.is_grantable
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) x
left join pg_roles r on r.oid = x.grantee
where n.nspname = any ($1) and x.grantee <> c.relowner
union all
select 'table', format('%I.%I', n.nspname, c.relname), coalesce(r.rolname::text, ''), x.privilege_type, a.attname::text, x.is_grantable
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(a.attacl) x
left join pg_roles r on r.oid = x.grantee
where n.nspname = any ($1) and x.grantee <> c.relowner
union all
select 'function', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       coalesce(r.rolname::text, ''), x.privilege_type, null, x.is_grantable
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
cross join lateral aclexplode(p.proacl) x
left join pg_roles r on r.oid = x.grantee
where n.nspname = any ($1) and x.grantee <> p.proowner
union all
select 'schema', format('%I', n.nspname), coalesce(r.rolname::text, ''), x.privilege_type, null, x.is_grantable
from pg_namespace n
cross join lateral aclexplode(n.nspacl) x
left join pg_roles r on r.oid = x.grantee
where n.nspname = any ($1) and x.grantee <> n.nspowner
order by 1, 2, 3, 4, 5
