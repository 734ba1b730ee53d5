select count(*) from auth.oauth_clients where deleted_at is null
