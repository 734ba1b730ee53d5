-- The definitions of views, as PostgreSQL stores them: where each output column comes from.
-- $1 text[]: schemas.
select c.oid::int8, r.ev_action::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm')
  and n.nspname = any ($1);
