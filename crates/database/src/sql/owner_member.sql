-- DB-POW-01: the owner role may make policies, triggers and indexes on the services' tables.
do $$
declare
  modern boolean := current_setting('server_version_num')::int >= 160000;
  owner text;
begin
  foreach owner in array array['supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin'] loop
    execute format(
      'grant %I to postgres %s', owner, case when modern then 'with inherit true, set true' else '' end
    );
  end loop;
end
$$;
