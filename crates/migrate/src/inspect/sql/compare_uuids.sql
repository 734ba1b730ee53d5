), -- ends the users' ids, begun by the program: v(v, n) are values and their rows, u(id) the users' ids
j as (
  select v.v, v.n, u.id is not null as known
  from v left join u on u.id = v.v
  where v.v is not null
)
select
  coalesce((select sum(n) from v), 0)::int8,                    -- rows
  coalesce((select sum(n) from v where v.v is null), 0)::int8,  -- nulls
  count(*)::int8,                                               -- distinct
  (count(*) filter (where known))::int8,                        -- known
  coalesce(sum(n) filter (where not known), 0)::int8,           -- orphans
  0::int8,                                                      -- sentinels
  0::int8,                                                      -- distinct sentinels
  coalesce(sum(n), 0)::int8,                                    -- UUIDs
  0::int8,                                                      -- others
  null::text,
  null::text,
  0::int8                                                       -- users between
from j
