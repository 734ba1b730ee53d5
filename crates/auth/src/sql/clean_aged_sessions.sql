-- Sessions that began before $1, or were silent since before $2 (either may be null).
delete from auth.sessions
where id in (
  select id from auth.sessions
  where created_at < $1 or coalesce(refreshed_at at time zone 'UTC', created_at) < $2
  limit 10 for update skip locked
)
