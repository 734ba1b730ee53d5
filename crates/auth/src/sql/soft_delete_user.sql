update auth.users set
  deleted_at = $4, updated_at = $4, email = $2, phone = $3, encrypted_password = null,
  raw_app_meta_data = '{}', raw_user_meta_data = '{}', confirmation_token = '', recovery_token = '',
  email_change_token_new = '', email_change_token_current = '', email_change = '', reauthentication_token = '',
  phone_change = '', phone_change_token = ''
where id = $1
