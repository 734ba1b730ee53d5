-- The columns of a table, as a change message and a row image need them.
-- $1 table's oid; columns: name, type's name, format_type, shape oid, element's delimiter or null, dropped or
-- generated columns left out of images, in key, attnum
select
  a.attname::text,
  t.typname::text,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  case
    when t.typtype = 'd' then t.typbasetype
    when t.typelem <> 0 and t.typcategory = 'A' then t.typelem
    else t.oid
  end,
  case when t.typelem <> 0 and t.typcategory = 'A' then e.typdelim::text end,
  coalesce(a.attnum = any (i.indkey::int2[]), false),
  a.attnum
from pg_catalog.pg_attribute a
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type e on e.oid = t.typelem
left join pg_catalog.pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum
