-- What makes the scheduled jobs anew. columns: statement
select
  format(
    'SELECT cron.schedule(%s%L, %L);',
    case when jobname is null then '' else format('%L, ', jobname) end,
    schedule, command
  )
  || case
    when active then ''
    else format(
      E'\nSELECT cron.alter_job(job_id := (SELECT max(jobid) FROM cron.job WHERE command = %L), active := false);', command
    )
  end
from cron.job
order by jobid
