-- Aggregates of the given schemas that make a media type out of rows: of one relation, or of any.
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
  n.nspname::text,
  p.proname::text,
  mt.typname::text as media,
  format_type(b.base, null) as base_type,
  an.nspname::text as argument_schema,
  ac.relname::text as argument_relation
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type mt on mt.oid = p.prorettype and mt.typtype = 'd'
join base_types b on b.oid = p.prorettype and b.typbasetype = 0
join pg_type at on at.oid = p.proargtypes[0]
left join pg_class ac on ac.oid = at.typrelid and ac.relkind in ('r', 'v', 'm', 'f', 'p')
left join pg_namespace an on an.oid = ac.relnamespace
where p.prokind = 'a'
  and p.pronargs = 1
  and mt.typname ~* '^([a-z0-9.-]+/[a-z0-9.+-]+|\*/\*)$'
  and (ac.oid is not null or at.oid = 'anyelement'::regtype)
  and n.nspname = any ($1)
order by n.nspname, p.proname, p.oid;
