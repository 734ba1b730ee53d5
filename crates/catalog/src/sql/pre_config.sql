-- The settings that a function has just made in this transaction.
-- $1 text[]: their names, without the prefix.
select 'pgrst.' || s.name, s.value
from (
  select name, current_setting('pgrst.' || name, true) as value
  from unnest($1::text[]) name
) s
where s.value <> '';
