-- How many objects a bucket holds, counted up to a limit, and the database's time. $1 bucket, $2 limit.
select count(*), now()
from (select from storage.objects where bucket_id = $1 limit $2) as counted
