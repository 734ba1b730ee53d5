-- User $1 takes back what was agreed to for application $2, at $3; its sessions of the user end.
with revoked as (
  update auth.oauth_consents set revoked_at = greatest($3, granted_at)
  where user_id = $1 and client_id = $2 and revoked_at is null
  returning 1
), sessions as (
  delete from auth.sessions where user_id = $1 and oauth_client_id = $2 and exists (select from revoked)
), requests as (
  delete from auth.oauth_authorizations where user_id = $1 and client_id = $2 and exists (select from revoked)
)
select 1 from revoked
