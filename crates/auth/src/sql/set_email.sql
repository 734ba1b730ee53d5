update auth.users set
  email = $2, email_confirmed_at = coalesce(email_confirmed_at, $3), email_change = '',
  email_change_token_new = '', email_change_token_current = '', email_change_confirm_status = 0,
  is_anonymous = false, updated_at = $3
where id = $1
