-- A table's columns, for a row like another. $1: the table. columns: name, of the key, given by the server when left out,
-- computed, UUID
select a.attname::text, coalesce(a.attnum = any (k.indkey), false),
  a.attidentity <> '' or (a.atthasdef and a.attgenerated = ''), a.attgenerated <> '', a.atttypid = 'uuid'::regtype
from pg_catalog.pg_attribute a
left join pg_catalog.pg_index k on k.indrelid = a.attrelid and k.indisprimary
where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum
