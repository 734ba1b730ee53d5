-- Triggers that people made. $1: schemas.
select n.nspname::text, c.relname::text, t.tgname::text, pg_get_triggerdef(t.oid), t.tgenabled::text
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and n.nspname = any ($1)
  and coalesce((to_jsonb(t) ->> 'tgparentid')::int8, 0) = 0
order by n.nspname, c.relname, t.tgname
