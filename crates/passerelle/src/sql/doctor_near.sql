-- Addresses, to find the one that was meant
select lower(email) from auth.users where email is not null and deleted_at is null order by created_at desc limit 10000
