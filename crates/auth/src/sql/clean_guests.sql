-- Users without an address from before $1.
delete from auth.users
where id in (select id from auth.users where is_anonymous and created_at < $1 limit 100 for update skip locked)
