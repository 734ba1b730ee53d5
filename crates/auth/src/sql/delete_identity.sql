delete from auth.identities where id = $1
