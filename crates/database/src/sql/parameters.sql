-- DB-POW-02: settings that the owner role may change. From PostgreSQL 15 on, and only for a superuser.
do $$
declare
  parameter text;
begin
  if current_setting('server_version_num')::int < 150000
    or not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
  then
    return;
  end if;
  foreach parameter in array array[
    'session_replication_role', 'log_min_messages', 'log_lock_waits', 'track_io_timing',
    'pgrst.db_schemas', 'pgrst.db_extra_search_path', 'pgrst.db_max_rows', 'pgrst.db_pre_request',
    'pgrst.db_anon_role', 'pgrst.db_plan_enabled', 'pgrst.db_tx_end', 'pgrst.db_aggregates_enabled',
    'pgrst.db_root_spec', 'pgrst.jwt_secret', 'pgrst.jwt_aud', 'pgrst.jwt_role_claim_key',
    'pgrst.jwt_secret_is_base64', 'pgrst.openapi_mode', 'pgrst.openapi_security_active',
    'pgrst.openapi_server_proxy_uri', 'pgrst.server_cors_allowed_origins', 'pgrst.server_trace_header',
    'pgrst.server_timing_enabled', 'pgrst.db_hoisted_tx_settings',
    'app.settings.jwt_secret', 'app.settings.jwt_exp'
  ] loop
    execute format('grant set on parameter %s to postgres', parameter);
  end loop;
end
$$;
