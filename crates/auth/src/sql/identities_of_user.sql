select id, provider_id from auth.identities where user_id = $1
