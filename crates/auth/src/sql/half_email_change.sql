-- One side of user $1's change of address agreed; $2 now.
update auth.users set email_change_confirm_status = 1, updated_at = $2 where id = $1
