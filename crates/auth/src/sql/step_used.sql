-- Whether a challenge of factor $1 was passed by step $2.
select 1 from auth.mfa_challenges where factor_id = $1 and verified_at is not null and otp_code = $2 limit 1
