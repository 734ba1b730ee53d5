-- Application $1 is gone at $2: with its sessions, and what waits to be agreed to.
with sessions as (
  delete from auth.sessions where oauth_client_id = $1
), requests as (
  delete from auth.oauth_authorizations where client_id = $1
)
update auth.oauth_clients set deleted_at = $2, updated_at = $2 where id = $1
