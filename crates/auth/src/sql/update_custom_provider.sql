-- Changes what is not null of provider $1; $19 what its issuer publishes now, $20 now.
update auth.custom_oauth_providers
set name = coalesce($2, name), client_id = coalesce($3, client_id), client_secret = coalesce($4, client_secret),
  acceptable_client_ids = coalesce($5, acceptable_client_ids), scopes = coalesce($6, scopes),
  pkce_enabled = coalesce($7, pkce_enabled), attribute_mapping = coalesce($8, attribute_mapping),
  custom_claims_allowlist = coalesce($9, custom_claims_allowlist),
  authorization_params = coalesce($10, authorization_params), enabled = coalesce($11, enabled),
  email_optional = coalesce($12, email_optional), issuer = coalesce($13, issuer),
  discovery_url = coalesce($14, discovery_url), skip_nonce_check = coalesce($15, skip_nonce_check),
  authorization_url = coalesce($16, authorization_url), token_url = coalesce($17, token_url),
  userinfo_url = coalesce($18, userinfo_url), cached_discovery = coalesce($19, cached_discovery),
  discovery_cached_at = case when $19::jsonb is null then discovery_cached_at else $20::timestamptz end,
  updated_at = $20, jwks_uri = coalesce($21, jwks_uri)
where identifier = $1
