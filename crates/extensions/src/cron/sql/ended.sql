-- A run has ended. $1 run, $2 status, $3 message, $4 now
update cron.job_run_details
set status = $2, return_message = $3, start_time = coalesce(start_time, $4), end_time = $4
where runid = $1 and status in ('starting', 'running')
