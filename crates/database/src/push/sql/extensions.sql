-- The extensions that the server has. columns: name, is in this database
select a.name::text, e.oid is not null
from pg_catalog.pg_available_extensions a
left join pg_catalog.pg_extension e on e.extname = a.name
union
select extname::text, true from pg_catalog.pg_extension
