-- What every answer has, around nothing: total, rows, body, response.headers, response.status.
-- No parameters.
select
  null::bigint,
  1::bigint,
  null::text,
  nullif(current_setting('response.headers', true), ''),
  nullif(current_setting('response.status', true), '')
