-- The applications that user $1 has agreed to, newest first.
select
  c.id, c.client_secret_hash, c.registration_type::text, c.redirect_uris, c.grant_types, c.client_name, c.client_uri,
  c.logo_uri, c.created_at, c.updated_at, c.client_type::text, c.token_endpoint_auth_method, o.scopes, o.granted_at
from auth.oauth_consents as o
join auth.oauth_clients as c on c.id = o.client_id
where o.user_id = $1 and o.revoked_at is null and c.deleted_at is null
order by o.granted_at desc, c.id
