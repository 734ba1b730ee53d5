-- Who is about to change to number $3, in audience $2 ($1 the default).
select u.id
from auth.users as u
join auth.one_time_tokens as t on t.user_id = u.id and t.token_type = 'phone_change_token' and t.relates_to = $3
where coalesce(u.aud, $1) = $2 and not u.is_sso_user and u.phone_change = $3
order by u.phone_change_sent_at desc nulls last
limit 1
