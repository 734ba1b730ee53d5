-- User $1 is invited (again); $2 now.
update auth.users set invited_at = $2, updated_at = $2 where id = $1
