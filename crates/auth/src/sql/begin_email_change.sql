-- User $1 wishes to change to address $2: the tokens of an earlier wish are void, nobody has agreed; $3 now.
with void as (
  delete from auth.one_time_tokens
  where user_id = $1 and token_type in ('email_change_token_new', 'email_change_token_current')
)
update auth.users set
  email_change = $2, email_change_confirm_status = 0, email_change_token_new = '', email_change_token_current = '',
  updated_at = $3
where id = $1
