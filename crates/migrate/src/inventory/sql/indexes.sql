-- Indexes of the relations in $1 (oids).
select x.indrelid::int8, i.relname::text, pg_get_indexdef(x.indexrelid),
       (select coalesce(array_agg(coalesce(a.attname::text, '') order by k.n), '{}')
        from unnest(x.indkey::int2[]) with ordinality k(num, n)
        left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.num
        where k.n <= coalesce((to_jsonb(x) ->> 'indnkeyatts')::int, x.indnatts)),
       x.indisunique, x.indpred is not null,
       (select c.conname::text from pg_constraint c where c.conindid = x.indexrelid and c.contype in ('p', 'u', 'x') limit 1),
       exists (select 1 from pg_inherits h where h.inhrelid = x.indexrelid)
from pg_index x
join pg_class i on i.oid = x.indexrelid
where x.indrelid = any ($1::int8[]::oid[]) and x.indisvalid
order by x.indrelid, i.relname
