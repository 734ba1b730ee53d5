-- Answers requests whose claim ran out: their node ended while it sent them. $1 now
with expired as (
  select id from net._in_flight where until < $1 for update skip locked
), released as (
  delete from net._in_flight f using expired where f.id = expired.id returning f.id
), taken as (
  delete from net.http_request_queue q using released where q.id = released.id returning q.id
)
insert into net._http_response (id, created, timed_out, error_msg)
select id, $1, false, 'The node that sent this request ended before the answer; it is not known whether it arrived'
from taken
