-- Challenge $1 of factor $2, held until the transaction ends.
select created_at, verified_at, host(ip_address) as ip, coalesce(otp_code, '') as otp_code
from auth.mfa_challenges
where id = $1 and factor_id = $2
for update
