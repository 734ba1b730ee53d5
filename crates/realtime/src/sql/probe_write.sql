-- Whether the caller may write. No RETURNING: who may write but not read must pass. Rolled back.
-- $1 text  sub-topic
-- $2 text  extension
insert into realtime.messages (id, topic, extension, private, inserted_at, updated_at)
values (
  gen_random_uuid(),
  $1::text,
  $2::text,
  false,
  now() at time zone 'utc',
  now() at time zone 'utc'
)
