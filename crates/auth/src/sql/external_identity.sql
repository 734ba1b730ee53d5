-- The identity of subject $2 at provider $1: its id, its user.
select id, user_id from auth.identities where provider = $1 and provider_id = $2
