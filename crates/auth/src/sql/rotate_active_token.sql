-- Gives session $1 of user $3 the refresh token $2 in place of those that were good; $4 now.
with old as (
  update auth.refresh_tokens set revoked = true, updated_at = $4
  where session_id = $1 and not coalesce(revoked, false)
  returning id, token
)
insert into auth.refresh_tokens (instance_id, token, user_id, parent, session_id, revoked, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', $2, $3, (select token from old order by id desc limit 1), $1, false, $4, $4)
