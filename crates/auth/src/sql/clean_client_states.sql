-- Verifiers kept for providers from before $1.
delete from auth.oauth_client_states
where id in (select id from auth.oauth_client_states where created_at < $1 limit 100 for update skip locked)
