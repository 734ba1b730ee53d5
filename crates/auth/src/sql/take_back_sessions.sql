-- Ends the sessions of user $1 for application $2 that began at $3 or later.
delete from auth.sessions where user_id = $1 and oauth_client_id = $2 and created_at >= $3
