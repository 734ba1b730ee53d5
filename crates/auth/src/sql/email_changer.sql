-- Who is about to change an address, seen from address $3 with the bare hash $4, in audience $2 ($1 the default):
-- the user's id and the type of the token.
select u.id, t.token_type::text
from auth.one_time_tokens as t
join auth.users as u on u.id = t.user_id
where t.token_hash in ($4::text, 'pkce_' || $4::text) and t.relates_to = $3
  and t.token_type in ('email_change_token_current', 'email_change_token_new')
  and coalesce(u.aud, $1) = $2 and not u.is_sso_user
  and case t.token_type when 'email_change_token_current' then u.email else u.email_change end = $3
limit 1
