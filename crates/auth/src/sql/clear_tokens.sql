-- Takes all tokens away from user $1; $2 now.
with gone as (delete from auth.one_time_tokens where user_id = $1)
update auth.users set
  updated_at = $2, confirmation_token = '', recovery_token = '', email_change_token_new = '',
  email_change_token_current = '', phone_change_token = '', reauthentication_token = ''
where id = $1
