  coalesce(u.aud, $1) = $3
  and coalesce(u.instance_id, '00000000-0000-0000-0000-000000000000') = '00000000-0000-0000-0000-000000000000'
  and ($4::text is null or u.email like $4 or u.raw_user_meta_data ->> 'full_name' ilike $4)
