-- Who holds the advisory lock called $1 in this database: one line for a person.
select format('process %s (%s, from %s) since %s', a.pid, a.application_name, coalesce(host(a.client_addr), 'this machine'),
              to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'))
from pg_locks l
join pg_stat_activity a on a.pid = l.pid
join pg_database d on d.oid = l.database and d.datname = current_database()
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and (l.classid::int8 << 32 | l.objid::int8) = hashtextextended($1, 0)
limit 1
