-- Users that have one of these ids ($1) or addresses ($2): id, address, whether it is confirmed, the old id they came with, the run.
select id, email, email_confirmed_at is not null, raw_app_meta_data -> 'legacy' ->> 'source', raw_app_meta_data -> 'legacy' ->> 'id', raw_app_meta_data -> 'legacy' ->> 'run'
from auth.users
where id = any ($1::uuid[]) or (email = any ($2::text[]) and not is_sso_user)
