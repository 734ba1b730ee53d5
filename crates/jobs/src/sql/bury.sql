-- Gives up jobs whose last attempt ended with its worker.
-- $1 now
update passerelle.jobs
set state = 'dead', finished_at = $1, leased_until = null, leased_by = null,
    last_error = coalesce(last_error, 'the worker stopped during the last attempt')
where state = 'running' and leased_until <= $1 and attempts >= max_attempts
