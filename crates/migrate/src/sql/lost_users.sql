-- Users that run $1 made and that are gone since: they are made again. Lines of the mapping that were lost and entered anew
-- get back what became of their users.
with gone as (
  delete from passerelle_migrate.users j
  where j.run = $1 and j.outcome in ('created', 'placeholder')
    and not exists (select from auth.users u where u.id = j.uuid)
  returning j.legacy_id
)
update public.user_id_mapping m
set status = j.outcome
from passerelle_migrate.users j
where j.run = $1 and m.run_id = $1 and m.source_table = j.source_table and m.old_user_id::text = j.legacy_id
  and m.status = 'planned' and not exists (select from gone where gone.legacy_id = j.legacy_id)
