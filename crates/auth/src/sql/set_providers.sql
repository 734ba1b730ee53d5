with names as (
  select jsonb_agg(provider order by first) as list
  from (select provider, min(created_at) as first from auth.identities where user_id = $1 group by provider) as p
)
update auth.users
set raw_app_meta_data = coalesce(raw_app_meta_data, '{}')
  || jsonb_build_object('provider', names.list -> 0, 'providers', names.list)
from names
where id = $1 and names.list is not null
