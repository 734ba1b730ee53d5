-- Moves an object whose version is still the one that was copied. Parameters as in permit_move.sql, then
-- $8 the version that was copied. Columns: id.
update storage.objects
set bucket_id = $3,
  name = $4,
  version = $5,
  owner = $6,
  owner_id = $7
where bucket_id = $1 and name = $2 and version is not distinct from $8
returning id
