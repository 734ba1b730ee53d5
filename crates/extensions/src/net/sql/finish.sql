-- Writes an answer in the place of its request, if this node still has the claim.
-- $1 id, $2 the node, $3 now, $4 status, $5 content type, $6 headers, $7 content, $8 timed out, $9 error
with released as (
  delete from net._in_flight where id = $1 and node = $2 returning id
), taken as (
  delete from net.http_request_queue q using released where q.id = released.id
)
insert into net._http_response (
  id, created, status_code, content_type, headers, content, timed_out, error_msg
)
select id, $3, $4, $5, $6, $7, $8, $9
from released
