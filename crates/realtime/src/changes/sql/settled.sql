-- Whether all these transactions are visible to everybody: a commit is in the log, and so in the stream, a moment
-- before other sessions see what it did.
-- $1 transaction ids without their epoch. One column.
select coalesce(pg_catalog.bool_and(pg_catalog.pg_visible_in_snapshot(whole.id::text::pg_catalog.xid8, now.snapshot)), true)
from (select pg_catalog.pg_current_snapshot() as snapshot) as now
cross join lateral (select pg_catalog.pg_snapshot_xmax(now.snapshot)::text::bigint as next) as counter
cross join pg_catalog.unnest($1::bigint[]) as short(id)
-- The epoch that brings it nearest to the next id to be given.
cross join lateral (
  select short.id + 4294967296 * pg_catalog.round((counter.next - short.id) / 4294967296.0)::bigint as id
) as whole
