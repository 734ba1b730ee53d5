-- The time zone of the schedules, as it would be in a new session. column: cron.timezone
select coalesce(
  (
    select split_part(setting, '=', 2)
    from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) setting
    where s.setrole = 0
      and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
      and split_part(setting, '=', 1) = 'cron.timezone'
  ),
  current_setting('cron.timezone', true)
)
