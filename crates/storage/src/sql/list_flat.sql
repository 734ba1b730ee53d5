-- The objects of a bucket below a prefix. $1 prefix, $2 bucket, $3 limit, $4 name of the last one; further conditions and the order
-- are appended, $5 its time for them.
-- Columns as in list_folders.sql.
select
  o.name,
  false,
  json_build_object(
    'id', o.id,
    'name', o.name,
    'metadata', o.metadata,
    'updated_at', to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'created_at', to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_accessed_at', to_char(o.last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  ),
  to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from storage.objects as o
where o.bucket_id = $2
  and o.name collate "C" >= $1
  and o.name collate "C" < $1 || chr(1114111)
