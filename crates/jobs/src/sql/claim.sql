-- Takes due jobs for one worker, those first that have waited longest.
-- $1 now, $2 kinds, $3 how many, $4 lease ends, $5 worker
-- columns: id, kind, payload, attempts, max_attempts
with due as (
  select id
  from passerelle.jobs
  where state = 'waiting' and run_at <= $1 and kind = any ($2::text[])
  order by run_at
  limit $3
  for update skip locked
)
update passerelle.jobs j
set state = 'running', attempts = j.attempts + 1, leased_until = $4, leased_by = $5
from due
where j.id = due.id
returning j.id, j.kind, j.payload, j.attempts, j.max_attempts
