-- Whether there is any job. column: that
select exists (select from cron.job)
