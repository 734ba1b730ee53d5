-- Row-security policies of the given schemas.
-- $1 text[]: schemas.
select
  p.polrelid::int8,
  p.polname::text,
  p.polcmd::text,
  p.polpermissive,
  array(
    select case when r.role = 0 then 'public' else pg_get_userbyid(r.role)::text end
    from unnest(p.polroles) r (role)
  ) as roles,
  pg_get_expr(p.polqual, p.polrelid) as using_expression,
  pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1)
order by p.polrelid, p.polname;
