-- The request of name $1, locked.
select
  id, client_id, user_id, redirect_uri, scope, state, resource, nonce, code_challenge, code_challenge_method::text,
  status::text, expires_at, approved_at
from auth.oauth_authorizations where authorization_id = $1 for update
