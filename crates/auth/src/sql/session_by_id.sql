select id, user_id, created_at, refreshed_at at time zone 'UTC' as refreshed_at, not_after
from auth.sessions where id = $1
