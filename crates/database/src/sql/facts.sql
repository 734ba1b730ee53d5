-- What must be known before the first change.
-- columns: version number, version, may create roles, encoding, database
select
  current_setting('server_version_num')::int,
  current_setting('server_version'),
  (select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = current_user),
  pg_catalog.pg_encoding_to_char(d.encoding)::text,
  d.datname::text
from pg_catalog.pg_database d
where d.datname = current_database()
