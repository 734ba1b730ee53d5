-- Comments on anything but schemas, tables, views and their columns, which bring their own. $1: schemas. Kind, name.
with described as (
  select d.classoid, d.objoid, d.objsubid, d.description, i.type, i.schema, i.identity
  from pg_description d
  cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  where d.classoid in ('pg_constraint'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_trigger'::regclass,
                       'pg_collation'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_statistic_ext'::regclass,
                       'pg_operator'::regclass, 'pg_class'::regclass)
    and d.objoid >= 16384
    and not exists (select 1 from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')
), spoken as (
  select case type when 'table constraint' then 'constraint' when 'domain constraint' then 'constraint'
                   when 'statistics object' then 'statistics' when 'view column' then 'column'
                   when 'materialized view column' then 'column' when 'composite type' then 'type' else type end as kind,
         case when type = 'domain constraint' then regexp_replace(identity, ' on ', ' on domain ') else identity end as name,
         description,
         coalesce(schema, (select n.nspname from pg_constraint c join pg_namespace n on n.oid = c.connamespace where classoid = 'pg_constraint'::regclass and c.oid = objoid),
                  (select n.nspname from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
                   where classoid = 'pg_trigger'::regclass and t.oid = objoid)) as schema
  from described
  where type not in ('table', 'table column', 'view', 'materialized view', 'foreign table', 'foreign table column', 'toast table', 'composite type column')
)
select kind, name, format('comment on %s %s is %L', kind, name, description)
from spoken where schema = any ($1)
order by kind, name
