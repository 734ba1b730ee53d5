-- Which of these keys the caller sees. $1 bucket, $2 keys as a JSON array.
select name
from storage.objects
where bucket_id = $1 and name = any (array(select jsonb_array_elements_text($2::jsonb)))
