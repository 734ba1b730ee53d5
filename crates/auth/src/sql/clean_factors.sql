-- Factors that were begun before $1 and never verified.
delete from auth.mfa_factors
where id in (
  select id from auth.mfa_factors where status = 'unverified' and created_at < $1 limit 100 for update skip locked
)
