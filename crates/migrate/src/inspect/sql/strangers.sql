), -- ends the users' ids, begun by the program: v(v) are ids, u(id) the users' ids
b as (select min(v) as low, max(v) as high from v where v not in (0, -1)),
w as (select count(*)::int8 as users_between from u, b where u.id between b.low and b.high)
select v.v, w.users_between  -- an id of nobody; none in the one row that is there for the second column
from w left join (select v from v where not exists (select 1 from u where u.id = v.v)) as v on true
