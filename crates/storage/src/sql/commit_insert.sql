-- Makes an object; no row when it is there. Parameters as in permit_insert.sql.
-- Columns: those of `Object`.
insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (bucket_id, name) do nothing
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
  to_char(last_accessed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
