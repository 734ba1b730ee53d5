select
  u.id, coalesce(u.aud, $1) as aud, coalesce(u.role, $2) as role, coalesce(u.email, '') as email,
  coalesce(u.phone, '') as phone, u.encrypted_password, u.email_confirmed_at, u.phone_confirmed_at,
  u.confirmed_at, u.invited_at, u.confirmation_sent_at, u.recovery_sent_at, u.email_change_sent_at,
  u.phone_change_sent_at, u.reauthentication_sent_at, u.last_sign_in_at,
  coalesce(u.email_change, '') as new_email, coalesce(u.phone_change, '') as new_phone,
  coalesce(u.raw_app_meta_data, '{}') as app_metadata, coalesce(u.raw_user_meta_data, '{}') as user_metadata,
  u.created_at, u.updated_at,
  case when isfinite(u.banned_until) then u.banned_until when u.banned_until = 'infinity' then '9999-12-31 23:59:59+00' end
    as banned_until,
  u.deleted_at, u.is_anonymous, u.is_sso_user,
  (select coalesce(jsonb_agg(jsonb_build_object(
     'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
     'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
     'updated_at', i.updated_at, 'email', i.email) order by i.created_at, i.id), '[]')
   from auth.identities as i where i.user_id = u.id) as identities,
  (select coalesce(jsonb_agg(jsonb_build_object(
     'id', f.id, 'created_at', f.created_at, 'updated_at', f.updated_at, 'status', f.status,
     'friendly_name', f.friendly_name, 'factor_type', f.factor_type, 'phone', coalesce(f.phone, ''),
     'last_challenged_at', f.last_challenged_at, 'web_authn_aaguid', f.web_authn_aaguid,
     'last_webauthn_challenge_data', f.last_webauthn_challenge_data) order by f.created_at, f.id), '[]')
   from auth.mfa_factors as f where f.user_id = u.id) as factors
from auth.users as u
where
