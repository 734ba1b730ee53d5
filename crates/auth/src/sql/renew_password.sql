-- The hash $2 of user $1, made by an old application, gives way to $3, of the same password.
update auth.users set encrypted_password = $3 where id = $1 and encrypted_password = $2
