), -- ends the users' ids, begun by the program: v(v, n) are values and their rows, u(id) the users' ids
j as (
  select v.v, v.n, u.id is not null as known, v.v in (0, -1) as sentinel
  from v left join u on u.id = v.v
  where v.v is not null
),
b as (select min(v) as low, max(v) as high from j where not sentinel)
select
  coalesce((select sum(n) from v), 0)::int8,                              -- rows
  coalesce((select sum(n) from v where v.v is null), 0)::int8,            -- nulls
  count(*)::int8,                                                         -- distinct
  (count(*) filter (where known))::int8,                                  -- known
  coalesce(sum(n) filter (where not known), 0)::int8,                     -- orphans
  coalesce(sum(n) filter (where not known and sentinel), 0)::int8,        -- sentinels
  (count(*) filter (where not known and sentinel))::int8,                 -- distinct sentinels
  0::int8,                                                                -- UUIDs
  0::int8,                                                                -- others
  (select low::text from b),
  (select high::text from b),
  (select count(*) from u, b where u.id between b.low and b.high)::int8   -- users between
from j
