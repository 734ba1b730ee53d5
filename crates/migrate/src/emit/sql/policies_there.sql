select schemaname, tablename, count(*) as policies
from pg_policies
where schemaname not in ('auth', 'storage', 'realtime')
group by 1, 2
order by 1, 2;
