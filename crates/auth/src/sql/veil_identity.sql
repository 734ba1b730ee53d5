update auth.identities set provider_id = $2, identity_data = '{}', updated_at = $3 where id = $1
