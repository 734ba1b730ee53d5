-- Stores a token ($2 its type, $3 its hash, for address $4) of user $1, replacing the one before; $5 now, $6 an id.
with kept as (
  insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
  values ($6, $1, $2::text::auth.one_time_token_type, $3, $4,
    $5::timestamptz at time zone 'UTC', $5::timestamptz at time zone 'UTC')
  on conflict (user_id, token_type) do update
  set token_hash = excluded.token_hash, relates_to = excluded.relates_to, created_at = excluded.created_at,
    updated_at = excluded.updated_at
)
update auth.users set
  updated_at = $5,
  confirmation_token = case $2::text when 'confirmation_token' then $3 else confirmation_token end,
  confirmation_sent_at = case $2::text when 'confirmation_token' then $5 else confirmation_sent_at end,
  recovery_token = case $2::text when 'recovery_token' then $3 else recovery_token end,
  recovery_sent_at = case $2::text when 'recovery_token' then $5 else recovery_sent_at end,
  email_change_token_new = case $2::text when 'email_change_token_new' then $3 else email_change_token_new end,
  email_change_token_current =
    case $2::text when 'email_change_token_current' then $3 else email_change_token_current end,
  email_change_sent_at = case when $2::text like 'email_change_token_%' then $5 else email_change_sent_at end,
  phone_change_token = case $2::text when 'phone_change_token' then $3 else phone_change_token end,
  phone_change_sent_at = case $2::text when 'phone_change_token' then $5 else phone_change_sent_at end,
  reauthentication_token = case $2::text when 'reauthentication_token' then $3 else reauthentication_token end,
  reauthentication_sent_at = case $2::text when 'reauthentication_token' then $5 else reauthentication_sent_at end
where id = $1
