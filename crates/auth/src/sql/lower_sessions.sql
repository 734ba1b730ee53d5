-- Sessions that factor $1 raised with method $2 fall back; $3 now.
with lowered as (
  update auth.sessions set aal = 'aal1', factor_id = null, updated_at = $3 where factor_id = $1
  returning id
)
delete from auth.mfa_amr_claims
where authentication_method = $2 and session_id in (select id from lowered)
