-- Primary keys, unique constraints and foreign keys of every user schema (keys of tables that are not
-- exposed matter through views). Foreign keys that a partition inherits are left out.
-- No parameters.
select
  k.oid::int8,
  k.conname::text,
  k.contype::text,
  k.conrelid::int8,
  n.nspname::text,
  c.relname::text,
  c.relispartition,
  array(
    select a.attname::text
    from unnest(k.conkey) with ordinality u (num, ord)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num
    order by u.ord
  ) as columns,
  k.conkey::int4[] as column_numbers,
  k.confrelid::int8,
  fn.nspname::text,
  fc.relname::text,
  coalesce(fc.relispartition, false),
  array(
    select a.attname::text
    from unnest(k.confkey) with ordinality u (num, ord)
    join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num
    order by u.ord
  ) as foreign_columns,
  coalesce(k.confkey::int4[], '{}') as foreign_column_numbers
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_class fc on fc.oid = k.confrelid
left join pg_namespace fn on fn.oid = fc.relnamespace
where k.contype in ('p', 'u', 'f')
  and (k.contype <> 'f' or k.conparentid = 0)
  and n.nspname <> all ('{pg_catalog,information_schema,pg_toast}')
order by k.conrelid, k.conname;
