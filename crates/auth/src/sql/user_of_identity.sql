select i.user_id
from auth.identities as i
join auth.users as u on u.id = i.user_id
where i.email = $1 and not u.is_sso_user and i.provider not like 'sso:%' and i.provider <> all($2::text[])
order by i.created_at
limit 1
