-- Ends the sessions of user $1 that have one factor only, but session $2.
delete from auth.sessions where user_id = $1 and id <> $2 and aal is distinct from 'aal2' and aal is distinct from 'aal3'
