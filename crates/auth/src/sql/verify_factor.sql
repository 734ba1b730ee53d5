-- Factor $1 of user $2 is verified; the user's others of type $3 that never were are gone; $4 now.
with others as (
  delete from auth.mfa_factors
  where user_id = $2 and id <> $1 and status = 'unverified' and factor_type = $3::text::auth.factor_type
)
update auth.mfa_factors set status = 'verified', updated_at = $4 where id = $1
