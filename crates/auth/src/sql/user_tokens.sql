-- The stored tokens of user $1.
select
  coalesce(confirmation_token, ''), coalesce(recovery_token, ''), coalesce(email_change_token_new, ''),
  coalesce(email_change_token_current, ''), coalesce(phone_change_token, ''), coalesce(reauthentication_token, ''),
  coalesce(email_change_confirm_status, 0::smallint)
from auth.users
where id = $1
