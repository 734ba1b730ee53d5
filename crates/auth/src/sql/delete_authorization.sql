delete from auth.oauth_authorizations where id = $1
