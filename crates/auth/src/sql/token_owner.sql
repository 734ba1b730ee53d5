-- Whose token has hash $1 and one of the types $2: the user's id, the type.
select user_id, token_type::text
from auth.one_time_tokens
where token_hash = $1 and token_type::text = any($2)
limit 1
