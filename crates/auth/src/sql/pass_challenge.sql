-- Challenge $1 is passed, by step $3 of an app's codes; $2 now.
update auth.mfa_challenges set verified_at = $2, otp_code = coalesce($3, otp_code) where id = $1
