update auth.oauth_authorizations set user_id = $2 where id = $1
