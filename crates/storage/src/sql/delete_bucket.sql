-- Deletes a bucket. $1 id.
delete from storage.buckets where id = $1 returning id
