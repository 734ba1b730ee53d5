-- A run's session is there. $1 run, $2 process id, $3 now
update cron.job_run_details
set status = 'running', job_pid = $2, start_time = $3
where runid = $1 and status = 'starting'
