-- User $1 has no phone any more; $2 now.
update auth.users set phone = null, phone_confirmed_at = null, phone_change = '', phone_change_token = '', updated_at = $2
where id = $1
