-- No sequence of the services' tables may stand behind a row that is there: the next one would not fit.
do $$
declare
  owned record;
  highest bigint;
begin
  for owned in
    select s.oid::regclass as sequence, t.oid::regclass as holder, a.attname as column_name
    from pg_catalog.pg_class s
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
    join pg_catalog.pg_class t on t.oid = d.refobjid
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    join pg_catalog.pg_namespace n on n.oid = t.relnamespace
    where s.relkind = 'S' and n.nspname in ('auth', 'storage', 'realtime', 'supabase_functions', 'cron', 'net')
  loop
    execute format('select max(%I) from %s', owned.column_name, owned.holder) into highest;
    if highest > coalesce(pg_catalog.pg_sequence_last_value(owned.sequence), 0) then
      perform pg_catalog.setval(owned.sequence, highest);
    end if;
  end loop;
end
$$
