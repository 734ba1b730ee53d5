-- One level of a bucket. $1 prefix, $2 bucket, $3 limit, $4 levels, $5 name of the last entry, $6 order, $7 column,
-- $8 time of the last entry. Columns: name, whether a folder, the entry as JSON, its creation and update times.
select
  s.name,
  s.id is null,
  json_build_object(
    'key', s.key,
    'name', s.name,
    'id', s.id,
    'updated_at', to_char(s.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'created_at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_accessed_at', to_char(s.last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'metadata', s.metadata
  ),
  to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(s.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from storage.search_v2($1, $2, $3::integer, $4::integer, $5, $6, $7, $8)
  with ordinality as s (key, name, id, updated_at, created_at, last_accessed_at, metadata, place)
order by s.place
