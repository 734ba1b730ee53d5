-- Puts a failed job back for another attempt, or gives it up, if this worker still holds it.
-- $1 id, $2 worker, $3 'waiting' or 'dead', $4 next run, $5 what went wrong, $6 when it was given up
update passerelle.jobs
set state = $3, run_at = $4, last_error = $5, finished_at = $6, leased_until = null, leased_by = null
where id = $1 and leased_by = $2 and state = 'running'
