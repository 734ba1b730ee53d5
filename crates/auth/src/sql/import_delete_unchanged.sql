-- Deletes the users in $1 that still look as their digest in $2 says.
delete from auth.users u
using unnest($1::uuid[], $2::text[]) as then_(id, digest)
where u.id = then_.id
  and md5(concat_ws(e'\x01', u.email, u.phone, u.encrypted_password, u.raw_user_meta_data, u.raw_app_meta_data, u.deleted_at)) = then_.digest
