  u.phone = $3 and coalesce(u.aud, $1) = $4 and not u.is_sso_user
  and coalesce(u.instance_id, '00000000-0000-0000-0000-000000000000') = '00000000-0000-0000-0000-000000000000'
limit 1
