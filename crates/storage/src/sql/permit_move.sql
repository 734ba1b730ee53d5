-- Whether the caller may move this object. $1 bucket, $2 key, $3 new bucket, $4 new key, $5 version,
-- $6 owner if a UUID, $7 owner.
update storage.objects
set bucket_id = $3,
  name = $4,
  version = $5,
  owner = $6::uuid,
  owner_id = $7
where bucket_id = $1 and name = $2
