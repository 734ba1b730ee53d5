-- $1 schema.table.column as SQL writes it. Columns: the table and the column, quoted.
select format('%I.%I', parts[1], parts[2]), format('%I', parts[3])
from parse_ident($1) as parts
