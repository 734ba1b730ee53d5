-- Keeps the verifier $3 for provider $2 under $1; $4 now.
insert into auth.oauth_client_states (id, provider_type, code_verifier, created_at) values ($1, $2, $3, $4)
