-- Whether an object is there at all. $1 bucket, $2 key.
select 1 from storage.objects where bucket_id = $1 and name = $2
