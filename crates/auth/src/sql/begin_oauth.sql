-- Begins a flow $1 by provider $2 with challenge $4 of method $3 (both may be null), back to $5; user $6 wishes to
-- link; the provider's verifier is in state $7; addresses are optional if $8; $9 now, $10 an invitation.
insert into auth.flow_state
  (id, provider_type, authentication_method, code_challenge_method, code_challenge, referrer, linking_target_id,
   oauth_client_state_id, email_optional, created_at, updated_at, invite_token)
values ($1, $2, 'oauth', $3::text::auth.code_challenge_method, $4, $5, $6, $7, $8, $9, $9, $10)
