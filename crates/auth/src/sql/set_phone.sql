update auth.users set
  phone = $2, phone_confirmed_at = $3, phone_change = '', phone_change_token = '', is_anonymous = false,
  updated_at = $3
where id = $1
