-- The slot that changes are read from: is it there, is somebody reading, what is kept for it
select
  exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime'),
  (select count(*) from pg_catalog.pg_replication_slots where slot_name like 'passerelle\_realtime%'),
  (select count(*) from pg_catalog.pg_replication_slots where slot_name like 'passerelle\_realtime%' and active),
  coalesce((select max(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn))
    from pg_catalog.pg_replication_slots where slot_name like 'passerelle\_realtime%'), 0)::bigint,
  coalesce((select string_agg(format('%I.%I', t.schemaname, t.tablename), ', ')
    from pg_catalog.pg_publication_tables t
    join pg_catalog.pg_class c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
    where t.pubname = 'supabase_realtime' and c.relreplident = 'd'
      and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary)), '')
