-- Marks the runs that a former leader left behind, in the words of pg_cron. $1 now
update cron.job_run_details
set status = 'failed', return_message = 'server restarted', end_time = $1
where status in ('starting', 'running')
