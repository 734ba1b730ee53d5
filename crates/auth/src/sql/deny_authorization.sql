update auth.oauth_authorizations set status = 'denied' where id = $1
