with identity as (
  update auth.identities set identity_data = identity_data || jsonb_build_object($3::text, true)
  where user_id = $1 and provider = $2
)
update auth.users
set raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || jsonb_build_object($3::text, true)
where id = $1
