-- A new factor $1 of user $2: type $3, name $4, phone $5, secret $6; $7 now.
insert into auth.mfa_factors (id, user_id, factor_type, status, friendly_name, phone, secret, created_at, updated_at)
values ($1, $2, $3::text::auth.factor_type, 'unverified', $4, $5, $6, $7, $7)
