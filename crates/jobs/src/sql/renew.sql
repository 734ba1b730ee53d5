-- Extends a lease, if this worker still holds the job for this attempt.
-- $1 id, $2 worker, $3 attempt, $4 new end
update passerelle.jobs
set leased_until = $4
where id = $1 and leased_by = $2 and attempts = $3 and state = 'running'
