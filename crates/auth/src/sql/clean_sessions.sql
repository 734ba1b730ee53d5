-- Sessions that ended two days before $1.
delete from auth.sessions
where id in (
  select id from auth.sessions where not_after < $1::timestamptz - interval '2 days' limit 10 for update skip locked
)
