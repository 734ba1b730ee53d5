-- The plain functions of the given schemas that can be called over HTTP or computed from.
-- $1 text[]: schemas.
with recursive base_types as (
  select oid, typbasetype, coalesce(nullif(typbasetype, 0), oid) as base
  from pg_type
  union
  select t.oid, b.typbasetype, coalesce(nullif(b.typbasetype, 0), b.oid)
  from base_types t
  join pg_type b on b.oid = t.typbasetype
)
select
  p.oid::int8,
  n.nspname::text,
  p.proname::text,
  d.description,
  p.provolatile::text,
  p.proretset,
  p.prorows = 1 as one_row,
  format_type(p.prorettype, null) as return_type,
  (bt.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false)) as returns_composite,
  b.base = 'void'::regtype as returns_void,
  rn.nspname::text as relation_schema,
  rc.relname::text as relation_name,
  coalesce(p.proargnames, '{}')::text[] as names,
  array(
    select format_type(u.type, null)
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u (type, ord)
    order by u.ord
  ) as types,
  coalesce(p.proargmodes::text[], '{}') as modes,
  p.pronargdefaults::int4,
  coalesce(p.proconfig, '{}')::text[] as config,
  an.nspname::text as argument_schema,
  ac.relname::text as argument_relation,
  case when mt.typtype = 'd' and mt.typname ~* '^([a-z0-9.-]+/[a-z0-9.+-]+|\*/\*)$' then mt.typname::text end as media,
  format_type(b.base, null) as base_type
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join base_types b on b.oid = p.prorettype and b.typbasetype = 0
join pg_type bt on bt.oid = b.base
join pg_type mt on mt.oid = p.prorettype
left join pg_class rc on rc.oid = bt.typrelid and rc.relkind in ('r', 'v', 'm', 'f', 'p')
left join pg_namespace rn on rn.oid = rc.relnamespace
left join pg_type at on p.pronargs = 1 and at.oid = p.proargtypes[0]
left join pg_class ac on ac.oid = at.typrelid and ac.relkind in ('r', 'v', 'm', 'f', 'p')
left join pg_namespace an on an.oid = ac.relnamespace
left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
where p.prokind = 'f'
  and b.base not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname = any ($1)
order by n.nspname, p.proname, p.pronargs, p.oid;
