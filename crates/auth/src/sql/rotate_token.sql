with old as (
  update auth.refresh_tokens set revoked = true, updated_at = $5 where token = $1
)
insert into auth.refresh_tokens (instance_id, token, user_id, parent, session_id, revoked, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', $2, $3, $1, $4, false, $5, $5)
