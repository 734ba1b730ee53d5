-- Deletes a portion of a bucket's objects that are not newer than $2. $1 bucket, $3 most.
-- Columns: name, version.
with portion as (
  select id from storage.objects
  where bucket_id = $1 and created_at <= $2
  order by name collate "C"
  limit $3
)
delete from storage.objects as o
using portion
where o.id = portion.id
returning o.name, o.version
