-- Small settings of tables: schema, table, what, statement. $1: schemas.
select n.nspname::text, c.relname::text, format('column %s', a.attname), format('alter table %I.%I %s', n.nspname, c.relname, x.change)
from pg_attribute a
join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
cross join lateral (select to_jsonb(a)) j(j)
cross join lateral (
  select format('alter column %I set statistics %s', a.attname, j.j ->> 'attstattarget')
  where coalesce((j.j ->> 'attstattarget')::int, -1) >= 0
  union all
  select format('alter column %I set storage %s', a.attname,
           case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end)
  where a.attstorage <> t.typstorage
  union all
  select format('alter column %I set (%s)', a.attname, array_to_string(a.attoptions, ', '))
  where a.attoptions is not null
  union all
  select format('alter column %I set compression %s', a.attname, case j.j ->> 'attcompression' when 'l' then 'lz4' else 'pglz' end)
  where coalesce(j.j ->> 'attcompression', '') in ('l', 'p')
) x(change)
where n.nspname = any ($1) and a.attnum > 0 and not a.attisdropped
  and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select n.nspname::text, c.relname::text, 'cluster', format('alter table %I.%I cluster on %I', n.nspname, c.relname, i.relname)
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class c on c.oid = x.indrelid and c.relkind = 'r'
join pg_namespace n on n.oid = c.relnamespace
where x.indisclustered and n.nspname = any ($1)
order by 1, 2, 3, 4
