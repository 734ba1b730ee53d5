-- $1 schema.table.column of the users' id. Columns: how many foreign keys of one column there are to it.
select count(*)
from parse_ident($1) as parts
join pg_attribute as attribute
  on attribute.attrelid = to_regclass(format('%I.%I', parts[1], parts[2])) and attribute.attname = parts[3]
join pg_constraint as key
  on key.contype = 'f' and key.confrelid = attribute.attrelid and key.confkey = array[attribute.attnum]
