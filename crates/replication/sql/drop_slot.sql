-- Drops a replication slot if it exists.
-- $1 name.
select pg_catalog.pg_drop_replication_slot(slot_name)
from pg_catalog.pg_replication_slots
where slot_name = $1
