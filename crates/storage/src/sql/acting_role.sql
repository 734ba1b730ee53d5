-- Whether the service may write as `service_role` past row security. No row: it is the owner then.
select rolname
from pg_roles
where rolname = 'service_role' and rolbypassrls and pg_has_role(current_user, oid, 'member')
