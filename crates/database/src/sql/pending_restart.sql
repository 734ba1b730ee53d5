-- Settings that wait for a restart. columns: name
select name from pg_catalog.pg_settings where pending_restart
