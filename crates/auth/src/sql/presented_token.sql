select
  s.user_id, s.created_at, s.refreshed_at at time zone 'UTC' as refreshed_at, s.not_after,
  case when exists (
    select from auth.mfa_amr_claims as m
    where m.session_id = s.id and m.authentication_method in ('totp', 'mfa/phone', 'mfa/webauthn')
  ) then 'aal2' else 'aal1' end as aal,
  (select coalesce(jsonb_agg(jsonb_build_object(
     'method', m.authentication_method, 'timestamp', floor(extract(epoch from m.updated_at))::bigint)
     order by m.updated_at desc, m.id), '[]')
   from auth.mfa_amr_claims as m where m.session_id = s.id) as amr,
  s.oauth_client_id, s.scopes, coalesce(t.revoked, false) as revoked, t.updated_at, a.token as active, a.parent as active_parent
from auth.refresh_tokens as t
join auth.sessions as s on s.id = t.session_id
left join lateral (
  select token, parent from auth.refresh_tokens
  where session_id = s.id and not coalesce(revoked, false)
  order by id desc limit 1
) as a on true
where t.token = $1 and s.id = $2
