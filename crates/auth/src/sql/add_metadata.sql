-- What an identity says ($2) is said of user $1, too; $3 now.
update auth.users set raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || $2, updated_at = $3 where id = $1
