-- Is there anything in schema public that is not an extension's?
-- Columns: name of the first relation, none when the schema is free.
select class.relname::text
from pg_catalog.pg_class as class
where class.relnamespace = 'public'::regnamespace
  and not exists (
    select from pg_catalog.pg_depend as member
    where member.classid = 'pg_catalog.pg_class'::regclass
      and member.objid = class.oid
      and member.deptype = 'e'
  )
order by class.relname
limit 1
