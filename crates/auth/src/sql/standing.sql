-- Assurance level and methods of session $1, newest method first.
select
  case when exists (
    select from auth.mfa_amr_claims as m
    where m.session_id = s.id and m.authentication_method in ('totp', 'mfa/phone', 'mfa/webauthn')
  ) then 'aal2' else 'aal1' end as aal,
  (select coalesce(jsonb_agg(jsonb_build_object(
     'method', m.authentication_method, 'timestamp', floor(extract(epoch from m.updated_at))::bigint)
     order by m.updated_at desc, m.created_at desc, m.id), '[]')
   from auth.mfa_amr_claims as m where m.session_id = s.id) as amr,
  s.oauth_client_id, s.scopes, s.created_at
from auth.sessions as s
where s.id = $1
