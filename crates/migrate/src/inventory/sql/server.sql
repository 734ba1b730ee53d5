-- Which database: version number, version, database oid, name, encoding, time zone.
select current_setting('server_version_num')::int4, current_setting('server_version'),
       d.oid::int8, d.datname::text, pg_encoding_to_char(d.encoding)::text, current_setting('TimeZone')
from pg_database d
where d.datname = current_database()
