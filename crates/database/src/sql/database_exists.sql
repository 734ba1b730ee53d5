-- Whether a database exists, and whether its owner is the bootstrap superuser. $1 name; columns: owned by bootstrap
select d.datdba = 10 from pg_catalog.pg_database d where d.datname = $1
