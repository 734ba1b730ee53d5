-- Factor $1 gets name $2 and phone $3, as far as there are; $4 now.
update auth.mfa_factors
set friendly_name = coalesce($2, friendly_name), phone = coalesce($3, phone), updated_at = $4
where id = $1
