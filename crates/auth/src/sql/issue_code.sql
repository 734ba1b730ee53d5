-- Gives the newest flow of user $1 by method $2 its code $3; $4 now.
update auth.flow_state
set auth_code = $3, auth_code_issued_at = $4, updated_at = $4
where id = (
  select id from auth.flow_state
  where user_id = $1 and authentication_method = $2 and code_challenge is not null
  order by created_at desc, id
  limit 1
)
returning id
