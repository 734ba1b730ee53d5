-- The rows that a read probe looks for. Run as the service's own role and rolled back.
-- $1 uuid[]  fresh ids
-- $2 text    sub-topic
-- $3 text[]  extension of each row
insert into realtime.messages (id, topic, extension, private, inserted_at, updated_at)
select
  probe.id,
  $2::text,
  probe.extension,
  false,
  now() at time zone 'utc',
  now() at time zone 'utc'
from unnest($1::uuid[], $3::text[]) as probe (id, extension)
