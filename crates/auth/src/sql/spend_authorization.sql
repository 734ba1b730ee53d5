-- The code of request $1 was used.
update auth.oauth_authorizations set status = 'expired' where id = $1
