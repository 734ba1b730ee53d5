-- Makes a node the leader. The minutes go on from the last one dealt with, unless that is too long ago.
-- $1 the leader, $2 this minute, $3 the oldest minute to go on from
-- column: whether the server was started since a leader last began
with former as (
  select server_start from cron._runner for update
), now_leads as (
  update cron._runner
  set
    leader = $1,
    last_minute = case when last_minute >= $3::timestamptz then last_minute else $2::timestamptz end,
    server_start = pg_postmaster_start_time()
)
select coalesce(server_start < pg_postmaster_start_time(), false)
from former
