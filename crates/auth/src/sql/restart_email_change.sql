-- User $1's change of address begins anew: nobody has agreed; $2 now.
update auth.users set email_change_confirm_status = 0, updated_at = $2 where id = $1
