-- Changes what is not null of application $1; $8 now.
update auth.oauth_clients
set redirect_uris = coalesce($2, redirect_uris), grant_types = coalesce($3, grant_types),
  token_endpoint_auth_method = coalesce($4, token_endpoint_auth_method), client_name = coalesce($5, client_name),
  client_uri = coalesce($6, client_uri), logo_uri = coalesce($7, logo_uri), updated_at = $8
where id = $1
