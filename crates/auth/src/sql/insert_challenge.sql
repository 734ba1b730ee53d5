-- A challenge $1 of factor $2 for address $3, with the hash of a code in $4; $5 now, $6 what the factor notes as the
-- time of its last challenge (unique, hence not exactly now).
with factor as (
  update auth.mfa_factors set last_challenged_at = $6, updated_at = $5 where id = $2
)
insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code)
values ($1, $2, $5, $3::text::inet, $4)
