-- Writes down that runs begin, one of each job. $1 the jobs. columns: job, run
insert into cron.job_run_details (jobid, database, username, command, status)
select jobid, database, username, command, 'starting'
from cron.job
where jobid = any ($1) and active
order by jobid
returning jobid, runid
