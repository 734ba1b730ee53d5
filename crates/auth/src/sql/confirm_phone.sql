update auth.users
set phone_confirmed_at = coalesce(phone_confirmed_at, $2), confirmation_token = '', updated_at = $2
where id = $1
