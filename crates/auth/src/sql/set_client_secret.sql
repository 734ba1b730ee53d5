update auth.oauth_clients set client_secret_hash = $2, updated_at = $3 where id = $1
