-- Whether the caller may make or replace this object: needs the right to insert, to see and to update it, as
-- upstream's statement does. Parameters as in permit_insert.sql.
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values ($1, $2, $3::uuid, $4, $5, $6::jsonb, $7::jsonb)
on conflict (bucket_id, name) do update
set owner = excluded.owner,
  owner_id = excluded.owner_id,
  version = excluded.version,
  metadata = excluded.metadata,
  user_metadata = excluded.user_metadata
returning id
