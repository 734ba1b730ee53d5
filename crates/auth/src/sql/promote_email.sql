-- User $1 goes by address $2 (or none), confirmed if $3; links to the old one are void; $4 now.
with void as (delete from auth.one_time_tokens where user_id = $1)
update auth.users set
  email = $2, email_confirmed_at = case when $3 then coalesce(email_confirmed_at, $4) end,
  confirmation_token = '', recovery_token = '', email_change = '', email_change_token_new = '',
  email_change_token_current = '', email_change_confirm_status = 0, reauthentication_token = '', updated_at = $4
where id = $1
