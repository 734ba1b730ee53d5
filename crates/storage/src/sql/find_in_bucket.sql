-- A bucket, whether it is public, and one object of it if there. $1 bucket, $2 key.
-- Columns: public, then those of `Object`.
select
  coalesce(b.public, false),
  o.id::text,
  o.bucket_id,
  o.name,
  o.version,
  o.owner::text,
  o.owner_id,
  o.metadata::text,
  o.user_metadata::text,
  to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(o.last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
from storage.buckets as b
left join storage.objects as o on o.bucket_id = b.id and o.name = $2
where b.id = $1
