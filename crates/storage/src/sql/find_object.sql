-- One object. $1 bucket, $2 key.
-- Columns: those of `Object`.
select
  id::text,
  bucket_id,
  name,
  version,
  owner::text,
  owner_id,
  metadata::text,
  user_metadata::text,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from storage.objects
where bucket_id = $1 and name = $2
