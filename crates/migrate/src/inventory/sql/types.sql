-- The application's types in order of creation. $1: schemas. Schema, name, kind, definition.
select n.nspname::text, t.typname::text, t.typtype::text,
  case t.typtype
    when 'e' then format('create type %I.%I as enum (%s)', n.nspname, t.typname,
      (select coalesce(string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder), '')
       from pg_enum e where e.enumtypid = t.oid))
    when 'c' then format('create type %I.%I as (%s)', n.nspname, t.typname,
      (select coalesce(string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum), '')
       from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))
    when 'd' then format('create domain %I.%I as %s%s%s%s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod),
      coalesce((select format(' collate %I.%I', cn.nspname, c.collname) from pg_collation c join pg_namespace cn on cn.oid = c.collnamespace
                join pg_type b on b.oid = t.typbasetype where c.oid = t.typcollation and t.typcollation <> b.typcollation), ''),
      coalesce(' default ' || t.typdefault, ''),
      case when t.typnotnull then ' not null' else '' end
        -- What the source never checked is checked here: a domain is not made with a check that is not valid.
        || (select coalesce(string_agg(format(' constraint %I %s', c.conname,
              regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '')), '' order by c.conname), '')
            from pg_constraint c where c.contypid = t.oid and c.contype = 'c'))
    else format('create type %I.%I as range (subtype = %s%s)', n.nspname, t.typname,
      (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid),
      coalesce((select ', subtype_diff = ' || r.rngsubdiff::text from pg_range r where r.rngtypid = t.oid and r.rngsubdiff <> 0), ''))
  end
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
where n.nspname = any ($1)
  and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
  and not exists (select 1 from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
order by t.oid
