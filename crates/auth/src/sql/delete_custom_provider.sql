delete from auth.custom_oauth_providers where identifier = $1
