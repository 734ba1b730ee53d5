-- $1 schema.table.column of each id of users. Columns: how many foreign keys of one column there are to them, those of
-- partitions not counted.
select count(*)
from unnest($1::text[]) as target
cross join parse_ident(target) as parts
join pg_attribute as attribute
  on attribute.attrelid = to_regclass(format('%I.%I', parts[1], parts[2])) and attribute.attname = parts[3]
join pg_constraint as key
  on key.contype = 'f' and key.conparentid = 0
  and key.confrelid = attribute.attrelid and key.confkey = array[attribute.attnum]
