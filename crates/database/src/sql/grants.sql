-- Spec section 5.
grant usage on schema public, extensions, graphql_public, storage, auth, realtime
  to postgres, anon, authenticated, service_role;
grant create on schema public to postgres;
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
alter default privileges for role supabase_admin in schema realtime
  grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema realtime
  grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema realtime
  grant all on routines to postgres, dashboard_user;
alter default privileges for role supabase_admin in schema extensions
  grant all on tables to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions
  grant all on sequences to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions
  grant all on routines to postgres with grant option;
alter default privileges for role supabase_admin in schema graphql_public
  grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema graphql_public
  grant all on routines to postgres, anon, authenticated, service_role;

-- DB-GRT-13.
do $$
begin
  execute format('grant all on database %I to dashboard_user', current_database());
  execute format('grant create on database %I to supabase_storage_admin, supabase_realtime_admin, postgres', current_database());
  execute format('grant connect, temporary on database %I to public', current_database());
end
$$;
