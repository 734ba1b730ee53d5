-- $1 schema.table.column, $2 the same of each id of users.
-- Columns: whether it is there, whether it has a foreign key of one column to an id of users.
with wanted as (
  select attribute.attrelid, attribute.attnum
  from parse_ident($1) as parts
  join pg_attribute as attribute
    on attribute.attrelid = to_regclass(format('%I.%I', parts[1], parts[2]))
    and attribute.attname = parts[3] and not attribute.attisdropped
), users as (
  select attribute.attrelid, attribute.attnum
  from unnest($2::text[]) as target
  cross join parse_ident(target) as parts
  join pg_attribute as attribute
    on attribute.attrelid = to_regclass(format('%I.%I', parts[1], parts[2]))
    and attribute.attname = parts[3]
)
select
  exists (select from wanted),
  exists (
    select from wanted, users, pg_constraint as key
    where key.contype = 'f'
      and key.conrelid = wanted.attrelid and key.conkey = array[wanted.attnum]
      and key.confrelid = users.attrelid and key.confkey = array[users.attnum]
  )
