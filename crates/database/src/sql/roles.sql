-- Spec section 2: the roles that SQL written for Supabase names. Global to the server: created where missing,
-- never downgraded, passwords untouched. Attributes that only a superuser may give are left out for others.
do $$
declare
  is_super boolean := (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('supabase_admin', 'login createdb createrole', 'superuser replication bypassrls'),
      ('postgres', 'login createdb createrole', 'replication bypassrls'),
      ('anon', 'nologin inherit', ''),
      ('authenticated', 'nologin inherit', ''),
      ('service_role', 'nologin inherit', 'bypassrls'),
      ('authenticator', 'login noinherit', ''),
      ('supabase_auth_admin', 'login noinherit', ''),
      ('supabase_storage_admin', 'login noinherit createrole', ''),
      ('supabase_realtime_admin', 'nologin noinherit', ''),
      ('supabase_functions_admin', 'login noinherit createrole', ''),
      ('supabase_replication_admin', 'login', 'replication'),
      ('supabase_etl_admin', 'login', 'replication'),
      ('supabase_read_only_user', 'login', 'bypassrls'),
      ('dashboard_user', 'nologin createdb createrole', 'replication'),
      ('pgbouncer', 'login', ''),
      ('supabase_superuser', 'nologin', ''),
      ('pgtle_admin', 'nologin', ''),
      ('pgsodium_keyiduser', 'nologin', ''),
      ('pgsodium_keyholder', 'nologin', ''),
      ('pgsodium_keymaker', 'nologin', '')
    ) as roles (name, attributes, of_superuser)
    where to_regrole(name) is null
  loop
    execute format(
      'create role %I %s %s',
      wanted.name,
      wanted.attributes,
      case when is_super then wanted.of_superuser else '' end
    );
  end loop;
end
$$;

-- Memberships. From PostgreSQL 16 on a grant carries its own options, and power over a role needs ADMIN. Each is
-- tried by itself: a server where we are no superuser may keep its predefined roles to itself (section 17).
do $$
declare
  is_super boolean := (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
  modern boolean := current_setting('server_version_num')::int >= 160000;
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('anon', 'authenticator', 'with inherit false, set true'),
      ('authenticated', 'authenticator', 'with inherit false, set true'),
      ('service_role', 'authenticator', 'with inherit false, set true'),
      ('authenticator', 'supabase_storage_admin', 'with inherit false, set true'),
      ('supabase_realtime_admin', 'supabase_replication_admin', 'with inherit true, set true'),
      ('authenticator', 'supabase_replication_admin', 'with inherit false, set true'),
      ('anon', 'postgres', 'with admin true, inherit true, set true'),
      ('authenticated', 'postgres', 'with admin true, inherit true, set true'),
      ('service_role', 'postgres', 'with admin true, inherit true, set true'),
      ('authenticator', 'postgres', 'with admin true, inherit false, set false'),
      ('pg_monitor', 'postgres', 'with inherit true, set true'),
      ('pg_read_all_data', 'postgres', 'with inherit true, set true'),
      ('pg_signal_backend', 'postgres', 'with inherit true, set true'),
      ('supabase_functions_admin', 'postgres', 'with inherit true, set true'),
      ('pg_read_all_data', 'supabase_read_only_user', 'with inherit true, set true')
    ) as memberships (granted, member, options)
    union all
    -- Making objects for these roles takes being a member of them; a superuser is one of all.
    select role, current_user, 'with inherit true, set true'
    from unnest(array[
      'postgres', 'anon', 'authenticated', 'service_role', 'supabase_admin', 'supabase_auth_admin',
      'supabase_storage_admin', 'supabase_realtime_admin', 'supabase_functions_admin', 'pgbouncer'
    ]) as role
    where not is_super and role <> current_user
  loop
    if not modern and exists (
      select
      from pg_catalog.pg_auth_members m
      where m.roleid = to_regrole(wanted.granted) and m.member = to_regrole(wanted.member)
    ) then
      continue;
    end if;
    begin
      execute format(
        'grant %I to %I %s', wanted.granted, wanted.member, case when modern then wanted.options else '' end
      );
    exception
      when insufficient_privilege or invalid_grant_operation then
        raise notice 'role % could not be granted to %: %', wanted.granted, wanted.member, sqlerrm;
    end;
  end loop;
end
$$;

-- DB-MGD-03: some hosting companies let an administrator give the attribute, Amazon has a role for it. Their other
-- roles give more than that.
do $$
begin
  if not (select rolreplication from pg_catalog.pg_roles where rolname = 'supabase_replication_admin') then
    begin
      alter role supabase_replication_admin replication;
    exception
      when insufficient_privilege then
        begin
          grant rds_replication to supabase_replication_admin;
        exception
          when undefined_object or insufficient_privilege or invalid_grant_operation then
            raise notice 'role supabase_replication_admin may not replicate: %', sqlerrm;
        end;
    end;
  end if;
end
$$;
