-- What uploads must know of a bucket. $1 bucket.
select coalesce(public, false), file_size_limit, coalesce(allowed_mime_types, '{}')
from storage.buckets
where id = $1
