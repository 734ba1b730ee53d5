select 1 from auth.sessions where id = $1 and user_id = $2
