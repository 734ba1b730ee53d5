-- What a replication slot holds back.
-- $1 name. Columns: active_pid, retained_bytes, max_bytes (null: unbounded), confirmed, lost.
select
  active_pid,
  coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn), 0)::bigint as retained_bytes,
  (
    select case when setting::bigint < 0 then null else setting::bigint * 1024 * 1024 end
    from pg_catalog.pg_settings
    where name = 'max_slot_wal_keep_size'
  ) as max_bytes,
  confirmed_flush_lsn::text as confirmed,
  coalesce(wal_status = 'lost', false) as lost
from pg_catalog.pg_replication_slots
where slot_name = $1
