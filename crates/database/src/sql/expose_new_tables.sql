-- DB-GRT-02: new objects of `public` are reachable through the API at once; row security decides the rest.
alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on routines to postgres, anon, authenticated, service_role;
do $$
declare
  kind text;
begin
  if not pg_has_role(current_user, 'supabase_admin', 'member') then
    return;
  end if;
  foreach kind in array array['tables', 'sequences', 'routines'] loop
    execute format(
      'alter default privileges for role supabase_admin in schema public
        grant all on %s to postgres, anon, authenticated, service_role', kind
    );
  end loop;
end
$$;
