-- Claims the oldest requests that nobody is sending. Two nodes may choose the same ones at the same moment; the
-- primary key of the claims gives each to one of them, and the other is told what it lost.
-- $1 how many, $2 the node, $3 now and the grace, $4 the longest time limit in milliseconds
-- columns: id, method, url, headers, body, timeout_milliseconds, whether the claim is ours
with next as (
  select q.id, q.timeout_milliseconds
  from net.http_request_queue q
  where not exists (select from net._in_flight f where f.id = q.id)
  order by q.id
  limit $1
  for update skip locked
), claimed as (
  insert into net._in_flight (id, node, until)
  select id, $2, $3::timestamptz + least(greatest(timeout_milliseconds, 0), $4) * interval '1 millisecond'
  from next
  on conflict (id) do nothing
  returning id
)
select q.id, q.method, q.url, q.headers, q.body, q.timeout_milliseconds, claimed.id is not null
from net.http_request_queue q
join next on next.id = q.id
left join claimed on claimed.id = q.id
order by q.id
