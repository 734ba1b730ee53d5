-- User $2 agrees to scopes $4 of application $3; $5 now, $1 an id.
insert into auth.oauth_consents (id, user_id, client_id, scopes, granted_at)
values ($1, $2, $3, $4, $5)
on conflict (user_id, client_id) do update
set scopes = excluded.scopes, granted_at = excluded.granted_at, revoked_at = null
