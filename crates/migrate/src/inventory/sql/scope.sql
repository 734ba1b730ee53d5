-- The schemas that are the application's: name, comment.
select n.nspname::text, obj_description(n.oid, 'pg_namespace')
from pg_namespace n
where n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'passerelle', 'passerelle_migrate')
  and not exists (select 1 from pg_depend d
                  where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
order by n.nspname
