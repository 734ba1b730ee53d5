-- Session $1 is raised by factor $2 with method $4; $3 now, $5 an id.
with method as (
  insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
  values ($5, $1, $3, $3, $4)
  on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at
)
update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = $3 where id = $1
