with factors as (delete from auth.mfa_factors where user_id = $1),
     passkeys as (delete from auth.webauthn_credentials where user_id = $1)
delete from auth.one_time_tokens where user_id = $1
