-- The application $1, unless it was deleted.
select
  id, client_secret_hash, registration_type::text, redirect_uris, grant_types, client_name, client_uri, logo_uri,
  created_at, updated_at, client_type::text, token_endpoint_auth_method
from auth.oauth_clients where id = $1 and deleted_at is null
