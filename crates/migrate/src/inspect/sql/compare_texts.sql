), -- ends the users' ids, begun by the program: v(v, n) are values and their rows, u(id) the users' ids, all as text
j as (
  select
    v.v, v.n, u.id is not null as known,
    v.v in ('0', '-1') as sentinel,
    v.v ~ '^-?[0-9]{1,19}$' as whole,
    v.v ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' as is_uuid
  from v left join u on u.id = v.v
  where btrim(v.v) <> ''
),
i as (select j.*, known or whole as is_id from j),
-- An empty text stands for nobody, as 0 does.
e as (select coalesce(sum(n), 0) as rows from v where v.v is not null and btrim(v.v) = ''),
b as (select min(v::numeric) as low, max(v::numeric) as high from i where whole and not sentinel)
select
  coalesce((select sum(n) from v), 0)::int8,                                                -- rows
  coalesce((select sum(n) from v where v.v is null or btrim(v.v) = ''), 0)::int8,           -- nulls
  (count(*) filter (where is_id))::int8,                                                    -- distinct
  (count(*) filter (where known))::int8,                                                    -- known
  coalesce(sum(n) filter (where is_id and not known), 0)::int8 + (select rows from e)::int8,    -- orphans
  coalesce(sum(n) filter (where not known and sentinel), 0)::int8 + (select rows from e)::int8, -- sentinels
  (count(*) filter (where not known and sentinel))::int8,                                   -- distinct sentinels
  coalesce(sum(n) filter (where is_uuid and not known), 0)::int8,                           -- UUIDs
  coalesce(sum(n) filter (where not is_id and not is_uuid), 0)::int8,                       -- others
  (select low::text from b),
  (select high::text from b),
  (select count(*) from u, b
   where u.id ~ '^-?[0-9]{1,19}$'
     and case when u.id ~ '^-?[0-9]{1,19}$' then u.id::numeric end between b.low and b.high)::int8  -- users between
from i
