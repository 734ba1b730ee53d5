-- The request of code $1, whether the code was used or not; locked.
select
  id, client_id, user_id, redirect_uri, scope, state, resource, nonce, code_challenge, code_challenge_method::text,
  status::text, expires_at, approved_at
from auth.oauth_authorizations where authorization_code = $1 and status in ('approved', 'expired') for update
