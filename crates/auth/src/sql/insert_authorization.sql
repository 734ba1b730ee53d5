-- Application $3 asks to sign somebody in and send them to $4; $11 now, $12 the end.
insert into auth.oauth_authorizations
  (id, authorization_id, client_id, redirect_uri, scope, state, resource, code_challenge, code_challenge_method, nonce,
   created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::auth.code_challenge_method, $10, $11, $12)
