-- Foreign keys between the services' tables, which loading left unchecked. $1 schemas
-- columns: what refers to what, the statement that counts rows without their match
select
  format('%s (%s) to %s', k.child, string_agg(f.attname, ', ' order by i.place), k.parent),
  format(
    'select count(*) from only %s c where %s and not exists (select from %s p where %s)',
    k.child,
    string_agg(format('c.%I is not null', f.attname), ' and ' order by i.place),
    k.parent,
    string_agg(format('p.%I = c.%I', t.attname, f.attname), ' and ' order by i.place)
  )
from (
  select c.oid, c.conrelid, c.confrelid, c.conkey, c.confkey, c.conrelid::regclass as child, c.confrelid::regclass as parent
  from pg_catalog.pg_constraint c
  join pg_catalog.pg_class r on r.oid = c.conrelid
  join pg_catalog.pg_namespace n on n.oid = r.relnamespace
  where c.contype = 'f' and n.nspname = any ($1)
) k
cross join lateral generate_subscripts(k.conkey, 1) as i (place)
join pg_catalog.pg_attribute f on f.attrelid = k.conrelid and f.attnum = k.conkey[i.place]
join pg_catalog.pg_attribute t on t.attrelid = k.confrelid and t.attnum = k.confkey[i.place]
group by k.oid, k.child, k.parent
order by 1
