-- Whose identities were shown to have one of the addresses $1, among users of audience $3 ($2 the default), of whom
-- those who are kept apart count only if $4: ids and providers. What an identity merely claims does not count, else its
-- owner would be given the account of whose it is.
select distinct i.user_id, i.provider
from auth.identities as i
join auth.users as u on u.id = i.user_id
where i.email = any($1::text[]) and i.provider not like 'sso:%' and (not u.is_sso_user or $4)
  and coalesce(u.aud, $2) = $3 and i.identity_data ->> 'email_verified' = 'true'
limit 1000
