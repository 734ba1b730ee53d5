-- One level of a bucket, as JSON. $1 prefix, $2 bucket, $3 limit, $4 levels, $5 offset, $6 search, $7 column,
-- $8 order.
select coalesce(
  json_agg(
    json_build_object(
      'name', s.name,
      'id', s.id,
      'updated_at', to_char(s.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'created_at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'last_accessed_at', to_char(s.last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'metadata', s.metadata
    )
    order by s.place
  ),
  '[]'
)
from storage.search($1, $2, $3::integer, $4::integer, $5::integer, $6, $7, $8)
  with ordinality as s (name, id, updated_at, created_at, last_accessed_at, metadata, place)
