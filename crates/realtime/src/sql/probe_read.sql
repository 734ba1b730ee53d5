-- Which extensions the caller may read.
-- $1 uuid[]  ids of the probe rows
-- extension text
select extension
from realtime.messages
where id = any ($1::uuid[])
