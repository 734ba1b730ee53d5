-- The relations of the given schemas; a partition is part of its root.
-- $1 text[]: schemas.
select
  c.oid::int8,
  n.nspname::text,
  c.relname::text,
  c.relkind::text,
  c.relrowsecurity,
  d.description,
  case when c.relkind in ('r', 'p') then true
    when c.relkind in ('v', 'f') then (pg_relation_is_updatable(c.oid, true) & 8) = 8
    else false end as insertable,
  case when c.relkind in ('r', 'p') then true
    when c.relkind in ('v', 'f') then (pg_relation_is_updatable(c.oid, true) & 4) = 4
    else false end as updatable,
  case when c.relkind in ('r', 'p') then true
    when c.relkind in ('v', 'f') then (pg_relation_is_updatable(c.oid, true) & 16) = 16
    else false end as deletable
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
where c.relkind in ('r', 'v', 'm', 'f', 'p')
  and not c.relispartition
  and n.nspname = any ($1)
order by n.nspname, c.relname;
