update auth.users set
  updated_at = $2,
  role = coalesce($3, role),
  email = coalesce($4, email),
  phone = coalesce($5, phone),
  email_confirmed_at = case when $6 then coalesce(email_confirmed_at, $2) else email_confirmed_at end,
  phone_confirmed_at = case when $7 then coalesce(phone_confirmed_at, $2) else phone_confirmed_at end,
  is_anonymous = is_anonymous and not (($6 and coalesce($4, email) is not null) or ($7 and coalesce($5, phone) is not null)),
  raw_app_meta_data = $8, raw_user_meta_data = $9, banned_until = $10
where id = $1
