-- A job's user and the login made for it. $1 the user
-- columns: name of the login, whether the user is a superuser, whether the login exists, whether grants carry options
-- of their own, whether the login is a superuser
select
  'passerelle_as_' || u.oid,
  u.rolsuper,
  l.oid is not null,
  current_setting('server_version_num')::int >= 160000,
  coalesce(l.rolsuper, false)
from pg_catalog.pg_roles u
left join pg_catalog.pg_roles l on l.rolname = 'passerelle_as_' || u.oid
where u.rolname = $1
