select coalesce(scopes, '') from auth.sessions where id = $1
