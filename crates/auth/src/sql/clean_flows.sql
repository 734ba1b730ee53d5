-- Flows by accounts elsewhere that were begun before $1, and others whose links have run out long ago.
delete from auth.flow_state
where id in (
  select id from auth.flow_state
  where created_at < $1 and (authentication_method = 'oauth' or created_at < $1::timestamptz - interval '30 days'
    or auth_code_issued_at < $1)
  limit 100 for update skip locked
)
