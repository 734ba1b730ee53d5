-- User $1 keeps nothing but the identity of subject $3 at provider $2, which says $4; $5 now.
with others as (
  delete from auth.identities where user_id = $1 and not (provider = $2 and provider_id = $3)
), sessions as (
  delete from auth.sessions where user_id = $1
)
update auth.users set encrypted_password = '', raw_user_meta_data = $4, updated_at = $5 where id = $1
