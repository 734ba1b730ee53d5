-- All jobs. columns: id, schedule, command, node, database, user, whether it is active
select jobid, schedule, command, nodename, database, username, active
from cron.job
order by jobid
