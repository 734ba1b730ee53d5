-- User $1, who has none, gets address $2; confirmed if $3; $4 now.
update auth.users set
  email = $2, email_confirmed_at = case when $3 then $4 else email_confirmed_at end,
  is_anonymous = is_anonymous and not $3, updated_at = $4
where id = $1
