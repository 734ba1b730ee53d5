update auth.users set raw_user_meta_data = $2, raw_app_meta_data = $3, updated_at = $4 where id = $1
