-- DB-POW-04: what the owner role needs, and must not have, of extensions that belong to a superuser.
do $$
declare
  object record;
begin
  for object in select fdwname as name from pg_catalog.pg_foreign_data_wrapper loop
    execute format('grant usage on foreign data wrapper %I to postgres with grant option', object.name);
  end loop;
  for object in
    select nspname as name from pg_catalog.pg_namespace where nspname in ('tiger', 'tiger_data', 'topology')
  loop
    execute format('grant usage on schema %I to postgres', object.name);
    execute format('grant all on all tables in schema %I to postgres', object.name);
    execute format('grant all on all routines in schema %I to postgres', object.name);
    execute format('grant all on all sequences in schema %I to postgres', object.name);
  end loop;
  if exists (select from pg_catalog.pg_extension where extname = 'pg_tle') then
    grant pgtle_admin to postgres;
  end if;
  grant all on all tables in schema extensions to postgres with grant option;
  grant all on all routines in schema extensions to postgres with grant option;
  grant all on all sequences in schema extensions to postgres with grant option;
  for object in
    select p.oid::regprocedure as name
    from pg_catalog.pg_proc p
    join pg_catalog.pg_depend d
      on d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_catalog.pg_extension e on d.refclassid = 'pg_catalog.pg_extension'::regclass and e.oid = d.refobjid
    where e.extname = 'dblink' and p.proname = 'dblink_connect_u'
  loop
    execute format('revoke all on function %s from public, postgres', object.name);
  end loop;
end
$$
