-- The database itself: name, oid, version, version's number, encoding, collation, character type, large objects,
-- whether the cluster's identifier may be read.
select d.datname::text, d.oid::int8, current_setting('server_version'), current_setting('server_version_num')::int4,
       pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text,
       (select count(*) from pg_largeobject_metadata),
       has_function_privilege('pg_catalog.pg_control_system()', 'execute')
from pg_database d
where d.datname = current_database()
