-- The applications, newest first: at most $1 of them, behind $2 others.
select
  id, client_secret_hash, registration_type::text, redirect_uris, grant_types, client_name, client_uri, logo_uri,
  created_at, updated_at, client_type::text, token_endpoint_auth_method
from auth.oauth_clients where deleted_at is null
order by created_at desc, id limit $1 offset $2
