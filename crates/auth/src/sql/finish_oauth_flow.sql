-- Flow $1 ends with code $3 for user $2 and the provider's tokens $4, $5; $6 now.
update auth.flow_state set
  user_id = $2, auth_code = $3, auth_code_issued_at = $6, provider_access_token = $4, provider_refresh_token = $5,
  updated_at = $6
where id = $1
