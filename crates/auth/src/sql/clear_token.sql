-- Takes the token of type $2 away from user $1; $3 now.
with gone as (
  delete from auth.one_time_tokens where user_id = $1 and token_type = $2::text::auth.one_time_token_type
)
update auth.users set
  updated_at = $3,
  confirmation_token = case $2::text when 'confirmation_token' then '' else confirmation_token end,
  recovery_token = case $2::text when 'recovery_token' then '' else recovery_token end,
  email_change_token_new = case $2::text when 'email_change_token_new' then '' else email_change_token_new end,
  email_change_token_current =
    case $2::text when 'email_change_token_current' then '' else email_change_token_current end,
  phone_change_token = case $2::text when 'phone_change_token' then '' else phone_change_token end,
  reauthentication_token = case $2::text when 'reauthentication_token' then '' else reauthentication_token end
where id = $1
