-- Enqueues a job; the id of it, or of the one with the same key.
-- $1 kind, $2 payload, $3 run at, $4 max attempts, $5 unique key, $6 now
select passerelle.enqueue_job($1, $2, $3, $4, $5, $6)
