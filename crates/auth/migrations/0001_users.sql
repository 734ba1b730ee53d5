-- People. An upstream schema of any level is adopted: what is there stays, what came later is added in
-- upstream's order of columns.
create table if not exists auth.schema_migrations (version character varying(255) not null primary key);

create table if not exists auth.users (
  instance_id uuid,
  id uuid not null constraint users_pkey primary key,
  aud character varying(255),
  role character varying(255),
  email character varying(255),
  encrypted_password character varying(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token character varying(255),
  confirmation_sent_at timestamptz,
  recovery_token character varying(255),
  recovery_sent_at timestamptz,
  email_change_token_new character varying(255),
  email_change character varying(255),
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz
);

do $$
declare
  old_name text;
  new_name text;
begin
  -- Upstream renamed these columns at different levels.
  for old_name, new_name in
    values ('confirmed_at', 'email_confirmed_at'), ('email_change_token', 'email_change_token_new')
  loop
    if exists (select from pg_attribute
               where attrelid = 'auth.users'::regclass and attname = old_name and not attisdropped
                 and attgenerated = '')
       and not exists (select from pg_attribute
               where attrelid = 'auth.users'::regclass and attname = new_name and not attisdropped)
    then
      execute format('alter table auth.users rename column %I to %I', old_name, new_name);
    end if;
  end loop;
end
$$;

alter table auth.users
  add column if not exists phone text default null,
  add column if not exists phone_confirmed_at timestamptz,
  add column if not exists phone_change text default '',
  add column if not exists phone_change_token character varying(255) default '',
  add column if not exists phone_change_sent_at timestamptz;
alter table auth.users
  add column if not exists confirmed_at timestamptz
    generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  add column if not exists email_change_token_current character varying(255) default '',
  add column if not exists email_change_confirm_status smallint default 0,
  add column if not exists banned_until timestamptz,
  add column if not exists reauthentication_token character varying(255) default '',
  add column if not exists reauthentication_sent_at timestamptz,
  add column if not exists is_sso_user boolean not null default false,
  add column if not exists deleted_at timestamptz,
  add column if not exists is_anonymous boolean not null default false;

do $$
begin
  if (select atttypid from pg_attribute
      where attrelid = 'auth.users'::regclass and attname = 'phone') <> 'text'::regtype then
    alter table auth.users alter column phone type text, alter column phone_change type text;
  end if;
  if not exists (select from pg_constraint
                 where conrelid = 'auth.users'::regclass and conname = 'users_phone_key') then
    alter table auth.users add constraint users_phone_key unique (phone);
  end if;
  if not exists (select from pg_constraint
                 where conrelid = 'auth.users'::regclass and conname = 'users_email_change_confirm_status_check')
  then
    alter table auth.users add constraint users_email_change_confirm_status_check
      check (email_change_confirm_status >= 0 and email_change_confirm_status <= 2);
  end if;
end
$$;

alter table auth.users drop constraint if exists users_email_key;
create unique index if not exists users_email_partial_key on auth.users (email) where is_sso_user = false;
create index if not exists users_instance_id_email_idx on auth.users (instance_id, lower(email::text));
create index if not exists users_instance_id_idx on auth.users (instance_id);
create index if not exists users_is_anonymous_idx on auth.users (is_anonymous);
create unique index if not exists confirmation_token_idx on auth.users (confirmation_token)
  where confirmation_token::text !~ '^[0-9 ]*$';
create unique index if not exists recovery_token_idx on auth.users (recovery_token)
  where recovery_token::text !~ '^[0-9 ]*$';
create unique index if not exists email_change_token_current_idx on auth.users (email_change_token_current)
  where email_change_token_current::text !~ '^[0-9 ]*$';
create unique index if not exists email_change_token_new_idx on auth.users (email_change_token_new)
  where email_change_token_new::text !~ '^[0-9 ]*$';
create unique index if not exists reauthentication_token_idx on auth.users (reauthentication_token)
  where reauthentication_token::text !~ '^[0-9 ]*$';

create table if not exists auth.identities (
  provider_id text not null,
  user_id uuid not null constraint identities_user_id_fkey references auth.users (id) on delete cascade,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid not null default gen_random_uuid() constraint identities_pkey primary key,
  constraint identities_provider_id_provider_unique unique (provider_id, provider)
);
do $$
begin
  -- Before upstream's level 20231117164230 the provider's id was the key.
  if not exists (select from pg_attribute
                 where attrelid = 'auth.identities'::regclass and attname = 'provider_id' and not attisdropped)
  then
    alter table auth.identities drop constraint if exists identities_pkey;
    alter table auth.identities rename column id to provider_id;
    alter table auth.identities add column id uuid not null default gen_random_uuid() primary key;
    alter table auth.identities
      add constraint identities_provider_id_provider_unique unique (provider_id, provider);
  end if;
end
$$;
alter table auth.identities
  add column if not exists email text generated always as (lower(identity_data ->> 'email')) stored;
create index if not exists identities_email_idx on auth.identities (email text_pattern_ops);
create index if not exists identities_user_id_idx on auth.identities (user_id);

create table if not exists auth.instances (
  id uuid not null constraint instances_pkey primary key,
  uuid uuid,
  raw_base_config text,
  created_at timestamptz,
  updated_at timestamptz
);

create table if not exists auth.audit_log_entries (
  instance_id uuid,
  id uuid not null constraint audit_log_entries_pkey primary key,
  payload json,
  created_at timestamptz
);
alter table auth.audit_log_entries
  add column if not exists ip_address character varying(64) not null default '';
create index if not exists audit_logs_instance_id_idx on auth.audit_log_entries (instance_id);
