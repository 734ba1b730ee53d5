-- Who else may look: `postgres`, as existing projects expect it.
do $$
declare
  name text;
begin
  foreach name in array array[
    'users', 'identities', 'sessions', 'refresh_tokens', 'mfa_amr_claims', 'one_time_tokens', 'flow_state',
    'audit_log_entries', 'mfa_factors', 'mfa_challenges', 'instances', 'sso_providers', 'sso_domains',
    'saml_providers', 'saml_relay_states', 'schema_migrations'
  ]
  loop
    execute format('alter table auth.%I enable row level security', name);
    if to_regrole('postgres') is not null then
      execute format('grant select on auth.%I to postgres with grant option', name);
    end if;
  end loop;
  if to_regrole('postgres') is not null then
    grant insert, update, delete, truncate, references, trigger on all tables in schema auth to postgres;
    grant select on all tables in schema auth to postgres;
    grant usage, select on all sequences in schema auth to postgres;
  end if;
end
$$;
