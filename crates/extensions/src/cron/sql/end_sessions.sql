-- Ends the sessions of runs that a former leader left behind: a server does not notice that a client is gone while it
-- works for it.
select pg_terminate_backend(activity.pid)
from cron.job_run_details run
join pg_catalog.pg_stat_activity activity on activity.pid = run.job_pid
where run.status in ('starting', 'running')
  and activity.application_name = 'passerelle cron'
  and activity.usename like 'passerelle\_as\_%'
