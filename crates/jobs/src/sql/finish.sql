-- Marks a job done, if this worker still holds it for this attempt.
-- $1 id, $2 worker, $3 attempt, $4 now
update passerelle.jobs
set state = 'done', finished_at = $4, leased_until = null, leased_by = null, last_error = null
where id = $1 and leased_by = $2 and attempts = $3 and state = 'running'
