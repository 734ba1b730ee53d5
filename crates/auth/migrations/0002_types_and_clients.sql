-- Enumerations, and the OAuth clients that sessions may belong to.
do $$
declare
  name text;
  labels text;
begin
  for name, labels in values
    ('aal_level', $q$'aal1','aal2','aal3'$q$),
    ('code_challenge_method', $q$'s256','plain'$q$),
    ('factor_status', $q$'unverified','verified'$q$),
    ('factor_type', $q$'totp','webauthn','phone'$q$),
    ('oauth_authorization_status', $q$'pending','approved','denied','expired'$q$),
    ('oauth_client_type', $q$'public','confidential'$q$),
    ('oauth_registration_type', $q$'dynamic','manual'$q$),
    ('oauth_response_type', $q$'code'$q$),
    ('one_time_token_type', $q$'confirmation_token','reauthentication_token','recovery_token',
      'email_change_token_new','email_change_token_current','phone_change_token'$q$)
  loop
    if to_regtype('auth.' || name) is null then
      execute format('create type auth.%I as enum (%s)', name, labels);
    end if;
  end loop;
end
$$;
alter type auth.factor_type add value if not exists 'phone';

create table if not exists auth.oauth_clients (
  id uuid not null constraint oauth_clients_pkey primary key,
  client_secret_hash text,
  registration_type auth.oauth_registration_type not null,
  redirect_uris text not null,
  grant_types text not null,
  client_name text,
  client_uri text,
  logo_uri text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  client_type auth.oauth_client_type not null default 'confidential',
  token_endpoint_auth_method text not null,
  constraint oauth_clients_client_name_length check (char_length(client_name) <= 1024),
  constraint oauth_clients_client_uri_length check (char_length(client_uri) <= 2048),
  constraint oauth_clients_logo_uri_length check (char_length(logo_uri) <= 2048),
  constraint oauth_clients_token_endpoint_auth_method_check
    check (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post', 'none'))
);
alter table auth.oauth_clients
  add column if not exists client_type auth.oauth_client_type not null default 'confidential';
do $$
begin
  if not exists (select from pg_attribute
                 where attrelid = 'auth.oauth_clients'::regclass and attname = 'token_endpoint_auth_method'
                   and not attisdropped)
  then
    alter table auth.oauth_clients add column token_endpoint_auth_method text
      constraint oauth_clients_token_endpoint_auth_method_check
      check (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post', 'none'));
    update auth.oauth_clients set token_endpoint_auth_method =
      case client_type when 'public' then 'none' else 'client_secret_basic' end;
    alter table auth.oauth_clients alter column token_endpoint_auth_method set not null;
  end if;
end
$$;
create index if not exists oauth_clients_deleted_at_idx on auth.oauth_clients (deleted_at);
