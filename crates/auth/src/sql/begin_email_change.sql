update auth.users set
  email_change = $2, email_change_sent_at = $3, email_change_confirm_status = 0, updated_at = $3
where id = $1
