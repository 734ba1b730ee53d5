-- Puts a failed job back for another attempt, or gives it up, if this worker still holds it for this attempt.
-- $1 id, $2 worker, $3 attempt, $4 'waiting' or 'dead', $5 next run, $6 what went wrong, $7 when it was given up
update passerelle.jobs
set state = $4, run_at = $5, last_error = $6, finished_at = $7, leased_until = null, leased_by = null
where id = $1 and leased_by = $2 and attempts = $3 and state = 'running'
