-- From here to the end of the transaction the statements are the caller's.
-- $1 text  sub-topic
-- $2 text  claims, JSON
-- $3 text  claim sub
-- $4 text  role
-- $5 text  headers, JSON
select
  set_config('realtime.topic', $1, true),
  set_config('request.jwt.claims', $2, true),
  set_config('request.jwt.claim.sub', $3, true),
  set_config('request.jwt.claim.role', $4, true),
  set_config('request.headers', $5, true),
  set_config('role', $4, true)
