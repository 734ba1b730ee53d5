-- What else may be in a table only once. $1: the table. columns: the columns of each such index, none for an expression
select array(select coalesce(a.attname, '')::text from unnest(i.indkey::smallint[]) n (number)
  left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = n.number and n.number > 0)
from pg_catalog.pg_index i
where i.indrelid = $1::text::regclass and (i.indisunique or i.indisexclusion) and not i.indisprimary
