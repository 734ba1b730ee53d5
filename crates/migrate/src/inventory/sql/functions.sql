-- Functions and procedures in order of creation. $1: schemas.
select n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid),
       case when k.kind in ('f', 'p', 'w') then pg_get_functiondef(p.oid) else '' end,
       coalesce(p.prosrc, ''), l.lanname::text, p.prosecdef, k.kind = 'a',
       p.proacl is null or exists (select 1 from aclexplode(p.proacl) x where x.grantee = 0 and x.privilege_type = 'EXECUTE')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
cross join lateral (select coalesce(to_jsonb(p) ->> 'prokind', case when to_jsonb(p) ->> 'proisagg' = 'true' then 'a' else 'f' end)) k(kind)
where n.nspname = any ($1)
  and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i'))
order by p.oid
