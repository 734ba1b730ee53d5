-- The flow of code $1, held until it is redeemed.
select id, user_id, authentication_method, code_challenge_method::text as code_challenge_method, code_challenge,
  coalesce(auth_code_issued_at, created_at) as issued, provider_access_token, provider_refresh_token
from auth.flow_state
where auth_code = $1 and user_id is not null
limit 1
for update
