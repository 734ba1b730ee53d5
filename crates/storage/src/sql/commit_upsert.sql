-- Makes or replaces an object, which keeps its id. Parameters as in permit_insert.sql.
-- Columns: those of `Object`, then the version that was replaced.
with replaced as (
  select version from storage.objects where bucket_id = $1 and name = $2 for update
)
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
-- Read to its end before anything is written: afterwards the row would no longer be the old one.
select $1, $2, $3::uuid, $4, $5, $6::jsonb, $7::jsonb
from (select count(*) from replaced) as r
on conflict (bucket_id, name) do update
set owner = excluded.owner,
  owner_id = excluded.owner_id,
  version = excluded.version,
  metadata = excluded.metadata,
  user_metadata = excluded.user_metadata
returning
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
  to_char(last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  (select version from replaced)
