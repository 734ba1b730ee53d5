-- Spec section 4.
create schema if not exists passerelle;
create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage authorization supabase_storage_admin;
create schema if not exists realtime authorization supabase_realtime_admin;
create schema if not exists graphql_public;
create schema if not exists supabase_migrations authorization postgres;

revoke all on schema passerelle from public;
grant all on schema passerelle to supabase_admin;

-- What was applied to which schema of ours. Upstream's own ledgers are kept by the services' migrations.
create table if not exists passerelle.schema_migrations (
  schema text not null,
  version text not null,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  primary key (schema, version)
);

-- What stands in the place of which extension (spec section 7).
create table if not exists passerelle.substitutes (
  name text primary key,
  schema text,
  sha256 text not null,
  made_at timestamptz not null default now()
);

-- DB-MIG-01: the ledger that upstream's command line shares.
create table if not exists supabase_migrations.schema_migrations (
  version text primary key,
  statements text[],
  name text
);
alter table supabase_migrations.schema_migrations
  add column if not exists statements text[],
  add column if not exists name text;
create table if not exists supabase_migrations.seed_files (
  path text primary key,
  hash text not null
);
alter table supabase_migrations.schema_migrations owner to postgres;
alter table supabase_migrations.seed_files owner to postgres;
