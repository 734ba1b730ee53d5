-- What a table is: columns with their types, key, row security and the policies that a read meets.
-- Run under an empty search path, so that expressions name everything in full.
-- $1 oid. One column: a JSON object.
with recursive
  needed(oid) as (
    select atttypid
    from pg_catalog.pg_attribute
    where attrelid = $1 and attnum > 0 and not attisdropped
    union
    select next.oid
    from needed
    join pg_catalog.pg_type t on t.oid = needed.oid
    cross join lateral (
      select t.typbasetype where t.typtype = 'd'
      union all
      select t.typelem where t.typcategory = 'A' and t.typelem <> 0
    ) as next(oid)
  )
select pg_catalog.json_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'row_security', c.relrowsecurity,
  'primary_key', (
    select coalesce(pg_catalog.json_agg(a.attname order by k.place), '[]')
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.unnest(i.indkey::smallint[]) with ordinality as k(number, place)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
    where i.indrelid = c.oid and i.indisprimary
  ),
  'columns', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', a.atttypid::bigint,
      'generated', case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end
    ) order by a.attnum), '[]')
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ),
  'types', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::bigint,
      'name', t.typname,
      'written', pg_catalog.format_type(t.oid, -1),
      'shown', pg_catalog.format_type(t.oid, null),
      'kind', t.typtype,
      'base', t.typbasetype::bigint,
      'element', case when t.typcategory = 'A' then t.typelem::bigint else 0 end,
      'delimiter', t.typdelim,
      'textual', t.typcategory = 'S' or exists (
        select from pg_catalog.pg_operator o where o.oprname = '~~' and o.oprleft = t.oid
      ),
      'json_cast', exists (
        select from pg_catalog.pg_cast k
        where k.castsource = t.oid and k.casttarget = 'pg_catalog.json'::pg_catalog.regtype and k.castfunc <> 0
      )
    )), '[]')
    from pg_catalog.pg_type t
    where t.oid in (select oid from needed)
  ),
  'policies', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', p.oid::bigint,
      'permissive', p.polpermissive,
      'expression', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      'columns', (
        select coalesce(pg_catalog.json_agg(distinct a.attname), '[]')
        from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute a
          on a.attrelid = c.oid and (a.attnum = d.refobjsubid or (d.refobjsubid = 0 and d.deptype <> 'a'))
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
          and d.objid = p.oid
          and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjid = c.oid
          and a.attnum > 0
          and not a.attisdropped
      ),
      -- Nothing but columns, tables and the claims' own functions: then claims may be put in as values.
      'transparent', not exists (
        select
        from pg_catalog.pg_depend d
        left join pg_catalog.pg_proc f
          on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.refobjid
        left join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
        left join pg_catalog.pg_language l on l.oid = f.prolang
        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
          and d.objid = p.oid
          and d.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass
          and not coalesce(
            fn.nspname = 'auth' and f.proname in ('uid', 'jwt', 'role') and f.pronargs = 0 and f.provolatile = 's'
              and l.lanname = 'sql' and not f.prosecdef and f.prosrc !~* '\mfrom\M',
            false
          )
      )
    ) order by p.oid), '[]')
    from pg_catalog.pg_policy p
    where p.polrelid = c.oid and p.polcmd in ('r', '*')
  )
)::text
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = $1
