-- Whether the substitute of pg_net stands here and the real extension does not. column: that
select
  to_regclass('net._in_flight') is not null
  and not exists (select from pg_catalog.pg_extension where extname = 'pg_net')
