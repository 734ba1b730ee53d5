-- Registers application $1 with the digest $2 of its secret, in way $3; $11 now.
insert into auth.oauth_clients
  (id, client_secret_hash, registration_type, redirect_uris, grant_types, client_name, client_uri, logo_uri, client_type,
   token_endpoint_auth_method, created_at, updated_at)
values ($1, $2, $3::text::auth.oauth_registration_type, $4, $5, $6, $7, $8, $9::text::auth.oauth_client_type, $10, $11,
  $11)
