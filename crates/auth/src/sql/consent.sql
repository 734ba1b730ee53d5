-- What user $1 has agreed to for application $2.
select scopes from auth.oauth_consents where user_id = $1 and client_id = $2 and revoked_at is null
