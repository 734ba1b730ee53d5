-- Takes the verifier of state $1.
delete from auth.oauth_client_states where id = $1 returning code_verifier
