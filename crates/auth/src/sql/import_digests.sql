-- What each user in $1 looks like, to tell later whether somebody changed it: id, digest.
select id, md5(concat_ws(e'\x01', email, phone, encrypted_password, raw_user_meta_data, raw_app_meta_data, deleted_at))
from auth.users
where id = any ($1::uuid[])
