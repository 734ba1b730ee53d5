-- The refresh tokens of sessions that ended before $1 are good no longer.
update auth.refresh_tokens set revoked = true, updated_at = $1::timestamptz + interval '1 day'
where id in (
  select t.id from auth.refresh_tokens as t join auth.sessions as s on s.id = t.session_id
  where s.not_after < $1 and not coalesce(t.revoked, false)
  limit 100 for update of t skip locked
)
