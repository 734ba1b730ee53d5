-- Tables, a parent before its children. $1: schemas.
select c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
       c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
       (select i.relname::text from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid = c.oid and x.indisreplident),
       coalesce(c.reloptions, '{}'), c.reltuples,
       case when c.relkind = 'r' then pg_table_size(c.oid) else 0 end,
       obj_description(c.oid, 'pg_class'),
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
       pg_get_expr(c.relpartbound, c.oid),
       c.relispartition,
       (select coalesce(array_agg(part.name order by h.inhseqno, part.place), '{}')
        from pg_inherits h join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
        cross join lateral (values (1, pn.nspname::text), (2, p.relname::text)) part(place, name)
        where h.inhrelid = c.oid)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f')
  and n.nspname = any ($1)
  and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by (with recursive up(oid, depth) as (
            select c.oid, 0
            union all
            select h.inhparent, up.depth + 1 from up join pg_inherits h on h.inhrelid = up.oid)
          select max(depth) from up),
         n.nspname, c.relname
