-- Removes finished jobs. $1 finished before
delete from passerelle.jobs where state = 'done' and finished_at < $1
