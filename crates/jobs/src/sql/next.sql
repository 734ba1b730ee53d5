-- When the next job of these kinds is due.
-- $1 kinds
-- columns: the instant, null if none waits
select min(run_at) from passerelle.jobs where state = 'waiting' and kind = any ($1::text[])
