-- What each user in $1 looks like, to tell later whether somebody changed it: id, digest. A hash of an old application
-- counts as "old", so that its replacement at the first sign-in is no change.
select id, md5(concat_ws(e'\x01', email, phone,
  case when encrypted_password like '$passerelle$%' then 'old' else encrypted_password end,
  raw_user_meta_data, raw_app_meta_data, deleted_at))
from auth.users
where id = any ($1::uuid[])
