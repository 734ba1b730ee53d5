update auth.users
set email_confirmed_at = coalesce(email_confirmed_at, $2), confirmation_token = '', updated_at = $2
where id = $1
