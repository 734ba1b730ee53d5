-- The places of nodes on this database that are held by somebody or have a slot.
-- $1 what slots' names begin with, $2 most places.
-- Columns: number, held (its owner lives), slot (it has one), active, retained_bytes.
select
  place.number,
  l.pid is not null as held,
  s.slot_name is not null as slot,
  coalesce(s.active, false) as active,
  coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn), 0)::bigint as retained_bytes
from (
  select
    number,
    ($1::text || number)::pg_catalog.name as name,
    pg_catalog.hashtextextended($1::text || number, 0) as key
  from pg_catalog.generate_series(1, $2::int) as number
) as place
left join pg_catalog.pg_replication_slots s on s.slot_name = place.name
-- pg::Lock takes a session advisory lock by that hash; a bigint key is shown in halves.
left join pg_catalog.pg_locks l
  on l.locktype = 'advisory'
  and l.granted
  and l.objsubid = 1
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and l.classid::bigint = (place.key >> 32) & 4294967295
  and l.objid::bigint = place.key & 4294967295
where s.slot_name is not null or l.pid is not null
order by place.number
