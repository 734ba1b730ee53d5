-- Refresh tokens that were revoked before $1.
delete from auth.refresh_tokens
where id in (
  select id from auth.refresh_tokens where revoked and updated_at < $1 order by updated_at limit 100 for update skip locked
)
