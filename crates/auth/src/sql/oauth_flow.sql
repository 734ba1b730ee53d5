-- Flow $1, held until it is claimed.
select provider_type, code_challenge, referrer, linking_target_id, oauth_client_state_id, email_optional, created_at,
  auth_code_issued_at, invite_token
from auth.flow_state
where id = $1 and authentication_method = 'oauth'
for update
