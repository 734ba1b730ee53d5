-- Marks a job done, if this worker still holds it.
-- $1 id, $2 worker, $3 now
update passerelle.jobs
set state = 'done', finished_at = $3, leased_until = null, leased_by = null, last_error = null
where id = $1 and leased_by = $2 and state = 'running'
