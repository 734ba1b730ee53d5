-- A new provider $1 of type $2 with identifier $3; $21 what its issuer publishes, $22 now.
insert into auth.custom_oauth_providers
  (id, provider_type, identifier, name, client_id, client_secret, acceptable_client_ids, scopes, pkce_enabled,
   attribute_mapping, custom_claims_allowlist, authorization_params, enabled, email_optional, issuer, discovery_url,
   skip_nonce_check, authorization_url, token_url, userinfo_url, cached_discovery, discovery_cached_at, created_at,
   updated_at, jwks_uri)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
  case when $21::jsonb is null then null else $22::timestamptz end, $22, $22, $23)
