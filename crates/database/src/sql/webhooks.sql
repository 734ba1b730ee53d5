-- Spec section 13: the trigger function that dashboards attach to tables.
create schema if not exists supabase_functions;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on schema supabase_functions to supabase_functions_admin;

create table if not exists supabase_functions.migrations (
  version text primary key,
  inserted_at timestamptz not null default now()
);

create table if not exists supabase_functions.hooks (
  id bigserial primary key,
  hook_table_id int not null,
  hook_name text not null,
  created_at timestamptz not null default now(),
  request_id bigint
);
create index if not exists supabase_functions_hooks_request_id_idx on supabase_functions.hooks (request_id);
create index if not exists supabase_functions_hooks_h_table_id_h_name_idx
  on supabase_functions.hooks (hook_table_id, hook_name);

do $$
declare
  object text;
begin
  if to_regprocedure('supabase_functions.http_request()') is null then
    -- Arguments: URL, method, headers, parameters, milliseconds. The request is written down in the transaction
    -- of the change and sent after its commit.
    create function supabase_functions.http_request() returns trigger
      language plpgsql
      security definer
      set search_path = supabase_functions, pg_catalog
    as $f$
    declare
      request_id bigint;
      url text := nullif(tg_argv[0], 'null');
      method text := nullif(tg_argv[1], 'null');
      headers jsonb := coalesce(nullif(tg_argv[2], 'null')::jsonb, '{"Content-Type": "application/json"}');
      params jsonb := coalesce(nullif(tg_argv[3], 'null')::jsonb, '{}');
      timeout_ms int := coalesce(nullif(tg_argv[4], 'null')::int, 1000);
    begin
      if coalesce(url, '') = '' then
        raise exception 'url argument is missing';
      end if;
      if coalesce(method, '') = '' then
        raise exception 'method argument is missing';
      end if;
      case method
        when 'GET' then
          request_id := net.http_get(url, params, headers, timeout_ms);
        when 'POST' then
          request_id := net.http_post(
            url,
            jsonb_build_object(
              'old_record', case when tg_op in ('UPDATE', 'DELETE') then to_jsonb(old) end,
              'record', case when tg_op in ('INSERT', 'UPDATE') then to_jsonb(new) end,
              'type', tg_op,
              'table', tg_table_name,
              'schema', tg_table_schema
            ),
            params, headers, timeout_ms
          );
        else
          raise exception 'method argument % is invalid', method;
      end case;
      insert into supabase_functions.hooks (hook_table_id, hook_name, request_id)
      values (tg_relid, tg_name, request_id);
      if tg_op = 'DELETE' then
        return old;
      end if;
      return new;
    end
    $f$;
  end if;
  -- What we may not change belongs to somebody else, and stays as it is.
  foreach object in array array[
    'table supabase_functions.migrations', 'table supabase_functions.hooks',
    'function supabase_functions.http_request()'
  ] loop
    begin
      execute format('alter %s owner to supabase_functions_admin', object);
    exception
      when insufficient_privilege then
        null;
    end;
  end loop;
end
$$;

-- DB-GRT-10. The hooks are called as who changes the table, so everybody may execute the function.
do $$
begin
  grant all on all tables in schema supabase_functions to postgres, anon, authenticated, service_role;
  grant all on all sequences in schema supabase_functions to postgres, anon, authenticated, service_role;
  grant all on all routines in schema supabase_functions to postgres, anon, authenticated, service_role;
exception
  when insufficient_privilege then
    raise notice 'schema supabase_functions belongs to somebody else: %', sqlerrm;
end
$$;
do $$
declare
  kind text;
begin
  if pg_has_role(current_user, 'supabase_functions_admin', 'member') then
    foreach kind in array array['tables', 'sequences', 'routines'] loop
      execute format(
        'alter default privileges for role supabase_functions_admin in schema supabase_functions
          grant all on %s to postgres, anon, authenticated, service_role', kind
      );
    end loop;
  end if;
end
$$;
