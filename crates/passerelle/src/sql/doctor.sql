-- What `doctor` asks a cluster. columns: wal_level, may create roles, seconds since 1970
select
  current_setting('wal_level'),
  (select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = current_user),
  extract(epoch from clock_timestamp())::bigint
