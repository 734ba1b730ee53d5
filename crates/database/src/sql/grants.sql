-- Spec section 5.
grant usage on schema public, extensions, graphql_public, storage, auth, realtime
  to postgres, anon, authenticated, service_role;
grant create on schema public to postgres;
-- DB-GRT-01: in a database of somebody else's the owner role does not own `public`; projects grant on it all the same.
do $$
begin
  if not pg_has_role('postgres', (select nspowner from pg_catalog.pg_namespace where nspname = 'public'), 'usage') then
    grant usage, create on schema public to postgres with grant option;
  end if;
end
$$;
grant usage on schema auth, storage, realtime, extensions to dashboard_user;
-- DB-POW-15: functions of users in the services' schemas.
grant create on schema auth, storage to postgres;

-- DB-GRT-05 to 09: what objects that come later give.
alter default privileges for role supabase_auth_admin in schema auth
  grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on routines to postgres, dashboard_user;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage
  grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage
  grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema graphql_public
  grant all on routines to postgres, anon, authenticated, service_role;

-- The same for what `supabase_admin` makes; where it is somebody else's superuser, only they can say so.
do $$
declare
  given record;
begin
  if not pg_has_role(current_user, 'supabase_admin', 'member') then
    return;
  end if;
  for given in
    values
      ('realtime', 'tables', 'postgres, dashboard_user'),
      ('realtime', 'sequences', 'postgres, dashboard_user'),
      ('realtime', 'routines', 'postgres, dashboard_user'),
      ('extensions', 'tables', 'postgres with grant option'),
      ('extensions', 'sequences', 'postgres with grant option'),
      ('extensions', 'routines', 'postgres with grant option'),
      ('graphql_public', 'routines', 'postgres, anon, authenticated, service_role')
  loop
    execute format(
      'alter default privileges for role supabase_admin in schema %I grant all on %s to %s',
      given.column1, given.column2, given.column3
    );
  end loop;
end
$$;

-- DB-GRT-13.
do $$
begin
  execute format('grant all on database %I to dashboard_user', current_database());
  execute format('grant create on database %I to supabase_storage_admin, supabase_realtime_admin, postgres', current_database());
  execute format('grant connect, temporary on database %I to public', current_database());
end
$$;
