-- The given schemas as far as they exist, the server's version, and whether DDL announces itself.
-- $1 text[]: schemas.
select
  (select coalesce(array_agg(n.nspname::text), '{}') from pg_namespace n where n.nspname = any ($1)),
  (select coalesce(array_agg(coalesce(obj_description(n.oid, 'pg_namespace'), '') order by n.nspname), '{}')
   from pg_namespace n where n.nspname = any ($1)),
  current_setting('server_version_num')::int4,
  exists (
    select
    from pg_event_trigger t
    join pg_proc p on p.oid = t.evtfoid
    where t.evtevent = 'ddl_command_end'
      and t.evtenabled in ('O', 'A')
      and p.prosrc ~* '(notify\s+"?pgrst|pg_notify\(\s*''pgrst)'
  );
