-- Views and materialized views in order of creation. $1: schemas.
with recursive own as (
  select c.oid, c.relname, n.nspname, c.relkind, c.reloptions, c.relispopulated
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and n.nspname = any ($1)
    and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), uses as (
  select distinct r.ev_class as oid, d.refobjid as used
  from pg_rewrite r
  join own on own.oid = r.ev_class
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
       and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
  where d.refobjid in (select oid from own)
), depth(oid, level) as (
  select oid, 0 from own
  union
  select uses.oid, depth.level + 1 from depth join uses on uses.used = depth.oid
  where depth.level < 100
)
select own.nspname::text, own.relname::text, own.relkind = 'm', pg_get_viewdef(own.oid), coalesce(own.reloptions, '{}'),
       (select coalesce(array_agg(part.name order by a.attnum, part.place), '{}')
        from pg_attribute a
        cross join lateral (values (1, a.attname::text), (2, format_type(a.atttypid, a.atttypmod))) part(place, name)
        where a.attrelid = own.oid and a.attnum > 0 and not a.attisdropped),
       (select coalesce(array_agg(pg_get_indexdef(x.indexrelid) order by x.indexrelid), '{}') from pg_index x where x.indrelid = own.oid),
       own.relispopulated, obj_description(own.oid, 'pg_class')
from own
order by (select max(level) from depth where depth.oid = own.oid), own.nspname, own.relname
