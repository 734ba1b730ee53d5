-- Whether realtime.messages, if it exists, has its publication and the partitions of today and tomorrow.
-- $1 the publication. One column.
select
  to_regclass('realtime.messages') is null
  or (
    exists (select from pg_catalog.pg_publication where pubname = $1)
    and not exists (
      select
      from generate_series(0, 1) as ahead
      where to_regclass(
        'realtime.messages_' || to_char((now() at time zone 'UTC')::date + ahead, 'YYYY_MM_DD')
      ) is null
    )
  )
