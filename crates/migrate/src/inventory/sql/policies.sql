-- Policies. $1: schemas.
select schemaname::text, tablename::text, policyname::text, permissive = 'PERMISSIVE', cmd, roles::text[], qual, with_check
from pg_policies
where schemaname = any ($1)
order by schemaname, tablename, policyname
