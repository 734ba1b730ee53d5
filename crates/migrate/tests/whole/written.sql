-- Every table that a run writes, quoted; its journal's times left out.
select format('%I.%I', schemaname, tablename)
from pg_tables
where schemaname not in ('pg_catalog', 'information_schema', 'passerelle_migrate')
  and (schemaname <> 'auth' or tablename in ('users', 'identities'))
order by 1
