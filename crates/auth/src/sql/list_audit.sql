-- The entries that match $2 in scope $1 (empty: all), newest first; $3 of them from $4 on.
select id, payload, created_at, ip_address::text
from auth.audit_log_entries
where case $1::text
  when 'author' then payload ->> 'actor_username' ilike $2 or payload ->> 'actor_name' ilike $2
  when 'action' then payload ->> 'action' ilike $2
  when 'type' then payload ->> 'log_type' ilike $2
  else true
end
order by created_at desc nulls last, id
limit $3 offset $4
