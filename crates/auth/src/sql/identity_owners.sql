-- Whose identities were shown to have one of the addresses $1, among users of audience $3 ($2 the default): ids, at
-- most two. What an identity merely claims does not count, else its owner would be given the account of whose it is.
select distinct i.user_id
from auth.identities as i
join auth.users as u on u.id = i.user_id
where i.email = any($1::text[]) and i.provider not like 'sso:%' and not u.is_sso_user and coalesce(u.aud, $2) = $3
  and i.identity_data ->> 'email_verified' = 'true'
limit 2
