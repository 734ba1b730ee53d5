-- Spec section 10: a changed schema is told to the REST service. Triggers of these names that exist stay.
create or replace function extensions.pgrst_ddl_watch() returns event_trigger
  language plpgsql
as $$
declare
  command record;
begin
  for command in select * from pg_event_trigger_ddl_commands() loop
    if command.command_tag in (
        'CREATE SCHEMA', 'ALTER SCHEMA',
        'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE',
        'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE',
        'CREATE VIEW', 'ALTER VIEW',
        'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW',
        'CREATE FUNCTION', 'ALTER FUNCTION',
        'CREATE TRIGGER', 'CREATE TYPE', 'ALTER TYPE', 'CREATE RULE', 'COMMENT'
      )
      and command.schema_name is distinct from 'pg_temp'
      and coalesce(command.schema_name, '') not in ('auth', 'realtime', '_realtime', 'storage', 'passerelle')
    then
      notify pgrst, 'reload schema';
      return;
    end if;
  end loop;
end
$$;

create or replace function extensions.pgrst_drop_watch() returns event_trigger
  language plpgsql
as $$
declare
  dropped record;
begin
  for dropped in select * from pg_event_trigger_dropped_objects() loop
    if dropped.object_type in (
        'schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'trigger', 'type', 'rule'
      )
      and not dropped.is_temporary
    then
      notify pgrst, 'reload schema';
      return;
    end if;
  end loop;
end
$$;

-- DB-EVT-03 to DB-EVT-06: what the owner role and the API get of extensions that a superuser makes.
create or replace function extensions.grant_pg_cron_access() returns event_trigger
  language plpgsql
as $$
begin
  if exists (
    select
    from pg_event_trigger_ddl_commands() command
    join pg_catalog.pg_extension e on e.oid = command.objid
    where e.extname = 'pg_cron'
  ) then
    grant usage on schema cron to postgres with grant option;
    alter default privileges in schema cron grant all on tables to postgres with grant option;
    alter default privileges in schema cron grant all on functions to postgres with grant option;
    alter default privileges in schema cron grant all on sequences to postgres with grant option;
    grant all on all tables in schema cron to postgres with grant option;
    grant all on all routines in schema cron to postgres with grant option;
    grant all on all sequences in schema cron to postgres with grant option;
    revoke all on table cron.job from postgres;
    grant select on table cron.job to postgres with grant option;
  end if;
end
$$;

create or replace function extensions.grant_pg_net_access() returns event_trigger
  language plpgsql
as $$
declare
  function record;
begin
  if not exists (
    select
    from pg_event_trigger_ddl_commands() command
    join pg_catalog.pg_extension e on e.oid = command.objid
    where e.extname = 'pg_net'
  ) then
    return;
  end if;
  grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
  for function in
    select p.oid::regprocedure as name
    from pg_catalog.pg_proc p
    where p.pronamespace = 'net'::regnamespace and p.proname in ('http_get', 'http_post')
  loop
    execute format('alter function %s security definer', function.name);
    execute format('alter function %s set search_path = net', function.name);
    execute format('revoke all on function %s from public', function.name);
    execute format(
      'grant execute on function %s to supabase_functions_admin, postgres, anon, authenticated, service_role',
      function.name
    );
  end loop;
end
$$;

create or replace function extensions.grant_pg_graphql_access() returns event_trigger
  language plpgsql
as $$
begin
  if not exists (
    select
    from pg_event_trigger_ddl_commands() command
    join pg_catalog.pg_extension e on e.oid = command.objid
    where e.extname = 'pg_graphql'
  ) then
    return;
  end if;
  create or replace function graphql_public.graphql(
    "operationName" text default null,
    query text default null,
    variables jsonb default null,
    extensions jsonb default null
  ) returns jsonb
    language sql
  as $f$
    select graphql.resolve(
      query => query,
      variables => coalesce(variables, '{}'),
      "operationName" => "operationName",
      extensions => extensions
    )
  $f$;
  grant usage on schema graphql to postgres, anon, authenticated, service_role;
  grant all on function graphql.resolve to postgres, anon, authenticated, service_role;
  grant all on function graphql_public.graphql to postgres, anon, authenticated, service_role;
end
$$;

create or replace function extensions.set_graphql_placeholder() returns event_trigger
  language plpgsql
as $$
begin
  if not exists (
    select
    from pg_event_trigger_dropped_objects() dropped
    where dropped.object_type = 'extension' and dropped.object_name = 'pg_graphql'
  ) then
    return;
  end if;
  create or replace function graphql_public.graphql(
    "operationName" text default null,
    query text default null,
    variables jsonb default null,
    extensions jsonb default null
  ) returns jsonb
    language sql
  as $f$
    select jsonb_build_object(
      'data', null::jsonb,
      'errors', jsonb_build_array('pg_graphql extension is not enabled.')
    )
  $f$;
end
$$;

do $$
declare
  wanted record;
begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  for wanted in
    select *
    from (values
      ('pgrst_ddl_watch', 'ddl_command_end', 'pgrst_ddl_watch', null),
      ('pgrst_drop_watch', 'sql_drop', 'pgrst_drop_watch', null),
      ('issue_pg_cron_access', 'ddl_command_end', 'grant_pg_cron_access', 'CREATE EXTENSION'),
      ('issue_pg_net_access', 'ddl_command_end', 'grant_pg_net_access', 'CREATE EXTENSION'),
      ('issue_pg_graphql_access', 'ddl_command_end', 'grant_pg_graphql_access', 'CREATE EXTENSION'),
      ('issue_graphql_placeholder', 'sql_drop', 'set_graphql_placeholder', 'DROP EXTENSION')
    ) as triggers (name, event, function, tag)
    where not exists (select from pg_catalog.pg_event_trigger where evtname = triggers.name)
  loop
    execute format(
      'create event trigger %I on %I %s execute function extensions.%I()',
      wanted.name, wanted.event,
      case when wanted.tag is not null then format('when tag in (%L)', wanted.tag) else '' end,
      wanted.function
    );
  end loop;
end
$$;
