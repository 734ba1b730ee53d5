-- Columns of the tables in $1 (oids).
select a.attrelid::int8, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod),
       case when t.typtype = 'd' then b.typname else t.typname end::text,
       a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       a.attidentity::text, coalesce(to_jsonb(a) ->> 'attgenerated', ''),
       case when a.attcollation <> t.typcollation and a.attcollation <> 0
            then (select format('%I.%I', cn.nspname, k.collname) from pg_collation k
                  join pg_namespace cn on cn.oid = k.collnamespace where k.oid = a.attcollation) end,
       col_description(a.attrelid, a.attnum), s.n_distinct, s.null_frac
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = t.typbasetype
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
where a.attrelid = any ($1::int8[]::oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
