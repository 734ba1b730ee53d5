-- Whether the substitute of pg_cron stands here and the real extension does not. column: that
select
  to_regclass('cron._runner') is not null
  and not exists (select from pg_catalog.pg_extension where extname = 'pg_cron')
