-- Extends a lease, if this worker still holds it.
-- $1 id, $2 worker, $3 new end
update passerelle.jobs set leased_until = $3 where id = $1 and leased_by = $2 and state = 'running'
