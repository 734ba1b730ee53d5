-- Whose address is one of $1, among users of audience $3 ($2 the default): ids, at most two.
select u.id
from auth.users as u
where u.email = any($1::text[]) and not u.is_sso_user and coalesce(u.aud, $2) = $3
limit 2
