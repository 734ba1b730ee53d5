), -- ends the users' ids, begun by the program: v(kind, v, n) are pairs and their rows, u(id) the users' ids as text
j as (
  select v.kind, v.v, v.n, u.id is not null as known, v.v in ('0', '-1') as sentinel
  from v left join u on u.id = v.v
)
select
  kind,
  sum(n)::int8,                                                                                  -- rows
  coalesce(sum(n) filter (where v is null), 0)::int8,                                            -- nulls
  count(v)::int8,                                                                                -- distinct
  (count(*) filter (where known))::int8,                                                         -- known
  coalesce(sum(n) filter (where v is not null and not known), 0)::int8,                          -- orphans
  coalesce(sum(n) filter (where v is not null and not known and sentinel), 0)::int8              -- sentinels
from j
group by kind
order by 2 desc
limit 