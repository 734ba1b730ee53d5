-- Publications and their tables.
select p.pubname::text, p.puballtables,
       (select coalesce(array_agg(part.name order by t.schemaname, t.tablename, part.place), '{}')
        from pg_publication_tables t
        cross join lateral (values (1, t.schemaname::text), (2, t.tablename::text)) part(place, name)
        where t.pubname = p.pubname)
from pg_publication p
order by p.pubname
