-- Every table with rows of its own that a dump holds: schema, name, columns quoted and sorted by name, bytes.
select n.nspname, c.relname,
       coalesce((select string_agg(quote_ident(a.attname), ', ' order by a.attname collate "C")
                 from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), ''),
       pg_table_size(c.oid)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select 1 from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
