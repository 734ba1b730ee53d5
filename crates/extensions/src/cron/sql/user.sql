-- A job's user and the login made for it. $1 the user
-- columns: name of the login, whether it exists, whether grants carry options of their own
select
  'passerelle_as_' || u.oid,
  exists (select from pg_catalog.pg_roles l where l.rolname = 'passerelle_as_' || u.oid),
  current_setting('server_version_num')::int >= 160000
from pg_catalog.pg_roles u
where u.rolname = $1
