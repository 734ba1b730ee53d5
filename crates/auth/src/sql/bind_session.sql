-- Session $1 is application $2's, with scopes $3.
update auth.sessions set oauth_client_id = $2, scopes = $3 where id = $1
