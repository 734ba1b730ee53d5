select id from auth.sessions where id = $1 for update skip locked
