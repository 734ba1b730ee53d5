-- Settings of a service's transaction, then the lock on one key until its end. $1 names, $2 values, $3 the key.
with settings as materialized (
  select count(set_config(s.name, s.value, true)) as made
  from unnest($1::text[], $2::text[]) as s (name, value)
)
select pg_advisory_xact_lock(hashtextextended($3, 0))
from settings
where settings.made > 0
