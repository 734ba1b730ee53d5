-- Settings of a service's transaction. $1 names, $2 values.
select count(set_config(s.name, s.value, true))
from unnest($1::text[], $2::text[]) as s (name, value)
