-- Spec section 3. A setting that somebody changed is left alone; only missing ones are written.
do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('anon', 'statement_timeout', '3s'),
      ('authenticated', 'statement_timeout', '8s'),
      ('authenticator', 'statement_timeout', '8s'),
      ('authenticator', 'lock_timeout', '8s'),
      ('postgres', 'search_path', '"$user", public, extensions'),
      ('supabase_admin', 'search_path', '"$user", public, auth, extensions'),
      ('supabase_auth_admin', 'search_path', 'auth'),
      ('supabase_auth_admin', 'idle_in_transaction_session_timeout', '60000'),
      ('supabase_storage_admin', 'search_path', 'storage'),
      ('supabase_functions_admin', 'search_path', 'supabase_functions')
    ) as settings (role, name, value)
    union all
    -- DB-SRV-05: what the services' sessions depend on, where the server does not have it anyway.
    select role, pins.name, pins.value
    from unnest(array[
      'authenticator', 'supabase_auth_admin', 'supabase_storage_admin', 'supabase_replication_admin'
    ]) as role
    cross join (values ('timezone', 'UTC'), ('row_security', 'on')) as pins (name, value)
    join pg_catalog.pg_settings s on lower(s.name) = pins.name
    where s.reset_val <> pins.value and s.reset_val not in ('GMT', 'Etc/UTC')
  loop
    continue when exists (
      select
      from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) as entry
      where s.setrole = to_regrole(wanted.role) and lower(split_part(entry, '=', 1)) = wanted.name
    );
    begin
      if wanted.name = 'search_path' then
        execute format('alter role %I set search_path = %s', wanted.role, wanted.value);
      else
        execute format('alter role %I set %I = %L', wanted.role, wanted.name, wanted.value);
      end if;
    exception
      when insufficient_privilege then
        raise notice 'setting % of role % could not be written: %', wanted.name, wanted.role, sqlerrm;
    end;
  end loop;
end
$$;
