-- The newest stored messages of a private room, oldest first.
-- $1 text    sub-topic
-- $2 bigint  since, milliseconds since 1970
-- $3 int     at most so many
-- id uuid, event text, payload jsonb as text, binary_payload bytea in hexadecimal
select
  id,
  event,
  payload,
  binary_payload
from (
  select
    id,
    event,
    payload::text as payload,
    encode(binary_payload, 'hex') as binary_payload,
    inserted_at
  from realtime.messages
  where topic = $1::text
    and private
    and extension = 'broadcast'
    and event is not null
    and (payload is not null or binary_payload is not null)
    and inserted_at >= to_timestamp($2::bigint / 1000.0) at time zone 'utc'
    and inserted_at < (now() + interval '1 minute') at time zone 'utc'
  order by inserted_at desc, id desc
  limit $3::int
) as newest
order by inserted_at, id
