-- The database's number in its cluster: slots are named across databases.
select oid::bigint
from pg_catalog.pg_database
where datname = pg_catalog.current_database()
