-- Whether the caller may make this object. $1 bucket, $2 key, $3 owner if a UUID, $4 owner, $5 version,
-- $6 metadata as declared, $7 user metadata.
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values ($1, $2, $3::uuid, $4, $5, $6::jsonb, $7::jsonb)
