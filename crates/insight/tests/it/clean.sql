-- Rows and references that a clean application would not have, counted.
with owners as (
  select user_id from user_conversations
  union all select user_id from user_documents
  union all select user_id from reports
  union all select user_id from watch_configs
  union all select user_id from watch_history
  union all select user_id from user_contexts
  union all select user_id from user_storage_quotas
  union all select user_id from migration_status
  union all select author_id from messages where sender = 'user'
)
select
  (select count(*) from owners where user_id is null or user_id not in (select id from users))
  + (select count(*) from users where is_active is null or role is null or role not in ('admin', 'user'))
  + (select count(*) from users where password_hash !~ '^\$2b\$12\$[./A-Za-z0-9]{53}$')
  + (select count(*) from users where email <> lower(trim(email)) or email !~ '^[^@ ]+@[^@ ]+$')
  + (select count(*) from user_documents where extra_data::text ~ 'shared_with|generated_by')
  + (select count(*) from activity_logs where user_id is null or details is null or not (details::jsonb ? 'ip'))
