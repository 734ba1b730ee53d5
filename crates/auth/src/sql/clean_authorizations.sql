-- Some of the requests of applications that ended before $1.
delete from auth.oauth_authorizations
where id in (
  select id from auth.oauth_authorizations where expires_at < $1 limit 100 for update skip locked
)
