-- The columns of the relations of the given schemas, in table order.
-- $1 text[]: schemas.
with recursive base_types as (
  select oid, typbasetype, coalesce(nullif(typbasetype, 0), oid) as base, typdefault
  from pg_type
  union
  select t.oid, b.typbasetype, coalesce(nullif(b.typbasetype, 0), b.oid), coalesce(t.typdefault, b.typdefault)
  from base_types t
  join pg_type b on b.oid = t.typbasetype
),
resolved as (
  select oid, base, typdefault from base_types where typbasetype = 0
),
representations as (
  -- implicit casts with a function, from or to a domain: how its values are shown and read
  select
    domain as oid,
    max(function) filter (where kind = 'to_json') as to_json,
    max(function) filter (where kind = 'from_text') as from_text,
    max(function) filter (where kind = 'from_json') as from_json
  from (
    select
      case when c.casttarget = 'json'::regtype then c.castsource else c.casttarget end as domain,
      case
        when c.casttarget = 'json'::regtype then 'to_json'
        when c.castsource = 'text'::regtype then 'from_text'
        else 'from_json'
      end as kind,
      array[n.nspname::text, p.proname::text] as function
    from pg_cast c
    join pg_proc p on p.oid = c.castfunc
    join pg_namespace n on n.oid = p.pronamespace
    where c.castcontext = 'i'
      and c.castmethod = 'f'
      and (c.casttarget = 'json'::regtype or c.castsource in ('text'::regtype, 'json'::regtype))
  ) cast_function
  group by domain
),
labels as (
  select enumtypid, array_agg(enumlabel::text order by enumsortorder) as labels
  from pg_enum
  group by enumtypid
)
select
  a.attrelid::int8,
  a.attnum::int4,
  a.attname::text,
  format_type(a.atttypid, null) as type,
  format_type(a.atttypid, a.atttypmod) as full_type,
  format_type(t.base, null) as base_type,
  not (a.attnotnull or dt.typnotnull) as nullable,
  case
    when a.attgenerated <> '' then null
    when a.attidentity = 'd' then format('nextval(%L::regclass)', s.sequence)
    when a.attidentity = 'a' then null
    else coalesce(pg_get_expr(ad.adbin, ad.adrelid), case when dt.typtype = 'd' then t.typdefault end)
  end as default_value,
  a.attidentity::text,
  a.attgenerated <> '' as generated,
  l.labels,
  d.description,
  case when t.base in (1042, 1043) and a.atttypmod > 4 then a.atttypmod - 4 end as max_length,
  r.to_json,
  r.from_text,
  r.from_json
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type dt on dt.oid = a.atttypid
join resolved t on t.oid = a.atttypid
left join representations r on r.oid = a.atttypid and dt.typtype = 'd'
left join labels l on l.enumtypid = t.base
left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
left join pg_description d
  on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass
left join lateral (
  select format('%I.%I', sn.nspname, sc.relname) as sequence
  from pg_depend dep
  join pg_class sc on sc.oid = dep.objid and sc.relkind = 'S'
  join pg_namespace sn on sn.oid = sc.relnamespace
  where dep.refclassid = 'pg_class'::regclass
    and dep.refobjid = a.attrelid
    and dep.refobjsubid = a.attnum
    and dep.deptype = 'i'
  limit 1
) s on a.attidentity <> ''
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'v', 'm', 'f', 'p')
  and n.nspname = any ($1)
order by a.attrelid, a.attnum;
