-- One text that changes when something that the catalog shows has changed. Cheap: no join, no sort.
-- No parameters.
select concat_ws(',',
  (select count(*) || ':' || sum(xmin::text::int8) from pg_class where relkind not in ('i', 'I', 't')),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_attribute),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_attrdef),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_proc),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_constraint),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_type),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_enum),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_rewrite),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_policy),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_namespace),
  (select count(*) || ':' || sum(xmin::text::int8) from pg_db_role_setting)
);
