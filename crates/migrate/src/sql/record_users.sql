-- What became of users of run $1 from table $2: $3 old ids, $4 new ids, $5 outcomes, $6 codes ('' for none),
-- $7 what their passwords are, $8 digests of those made.
with done as (
  insert into passerelle_migrate.users (run, source_table, legacy_id, uuid, outcome, code, password_status, digest)
  select $1, $2, u.legacy, u.id, u.outcome, nullif(u.code, ''), u.password, u.digest
  from unnest($3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[])
    as u(legacy, id, outcome, code, password, digest)
  returning legacy_id, outcome
)
update public.user_id_mapping m
set status = done.outcome, migrated_at = now()
from done
where m.run_id = $1 and m.source_table = $2 and m.old_user_id::text = done.legacy_id
