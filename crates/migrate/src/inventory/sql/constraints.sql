-- Constraints of the tables in $1 (oids).
select c.conrelid::int8, c.conname::text, c.contype::text,
       (select coalesce(array_agg(a.attname::text order by k.n), '{}')
        from unnest(c.conkey) with ordinality k(num, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num),
       pg_get_constraintdef(c.oid), c.convalidated,
       coalesce((to_jsonb(c) ->> 'conparentid')::int8, 0) <> 0 or (c.coninhcount > 0 and not c.conislocal),
       fn.nspname::text, f.relname::text,
       (select coalesce(array_agg(a.attname::text order by k.n), '{}')
        from unnest(c.confkey) with ordinality k(num, n)
        join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.num),
       c.confdeltype::text, c.confupdtype::text, c.condeferrable, c.condeferred, c.confmatchtype::text
from pg_constraint c
left join pg_class f on f.oid = c.confrelid
left join pg_namespace fn on fn.oid = f.relnamespace
where c.conrelid = any ($1::int8[]::oid[]) and c.contype in ('p', 'u', 'f', 'c', 'x')
order by c.conrelid, c.contype, c.conname
