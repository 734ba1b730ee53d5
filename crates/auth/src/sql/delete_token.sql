delete from auth.refresh_tokens where token = $1
