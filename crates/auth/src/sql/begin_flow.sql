-- Begins a flow ($1 its id) of user $2 by method $3 with challenge $5 of method $4; $6 now.
insert into auth.flow_state
  (id, user_id, provider_type, authentication_method, code_challenge_method, code_challenge, created_at, updated_at)
values ($1, $2, $3, $3, $4::text::auth.code_challenge_method, $5, $6, $6)
