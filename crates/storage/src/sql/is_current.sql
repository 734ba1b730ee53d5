-- Whether a version is the one that its row names. $1 bucket, $2 key, $3 version.
select exists (
  select from storage.objects where bucket_id = $1 and name = $2 and version = $3
)
