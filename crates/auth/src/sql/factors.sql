-- The factors of user $1, oldest first.
select id, user_id, factor_type::text as factor_type, status::text as status, coalesce(friendly_name, '') as friendly_name,
  coalesce(phone, '') as phone, coalesce(secret, '') as secret, last_challenged_at
from auth.mfa_factors
where user_id = $1
order by created_at, id
