-- Ends the process that reads a replication slot and waits up to 5 s for it.
-- $1 name.
select pg_catalog.pg_terminate_backend(active_pid, 5000)
from pg_catalog.pg_replication_slots
where slot_name = $1 and active_pid is not null
