-- Deletes the users in $1 that still look as their digest in $2 says. One who came with an old application's hash is
-- unchanged with that hash and with the one that replaced it ($2b$, $argon2id$); a new password is $2a$.
delete from auth.users u
using unnest($1::uuid[], $2::text[]) as then_(id, digest)
where u.id = then_.id
  and then_.digest in (
    md5(concat_ws(e'\x01', u.email, u.phone, u.encrypted_password, u.raw_user_meta_data, u.raw_app_meta_data, u.deleted_at)),
    case when u.encrypted_password like any (array['$passerelle$%', '$2b$%', '$argon2id$%']) then
      md5(concat_ws(e'\x01', u.email, u.phone, 'old', u.raw_user_meta_data, u.raw_app_meta_data, u.deleted_at)) end)
