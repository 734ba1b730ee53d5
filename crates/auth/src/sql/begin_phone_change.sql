-- User $1 wishes to change to number $2.
update auth.users set phone_change = $2 where id = $1
