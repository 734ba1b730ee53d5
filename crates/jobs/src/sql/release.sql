-- Takes jobs away from workers that let their lease run out: to be done again, or given up after the last attempt.
-- $1 now
update passerelle.jobs
set state = case when attempts < max_attempts then 'waiting' else 'dead' end,
    finished_at = case when attempts < max_attempts then null else $1::timestamptz end,
    last_error = coalesce(last_error, 'the worker stopped during the attempt'),
    leased_until = null,
    leased_by = null
where state = 'running' and leased_until <= $1
