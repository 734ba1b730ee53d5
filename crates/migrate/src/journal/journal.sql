-- The engine's own record, beside the data it describes. Nobody but the owner may read it.
create schema if not exists passerelle_migrate;
revoke all on schema passerelle_migrate from public;

create table if not exists passerelle_migrate.runs (
  id uuid primary key,
  source text not null,
  plan_digest text not null,
  plan text not null,
  seed bytea not null,
  engine text not null,
  state text not null,
  started_by text not null default session_user,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);

create table if not exists passerelle_migrate.steps (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  step text not null,
  input_digest text not null,
  status text not null,
  attempts integer not null default 1,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  rows bigint,
  note text,
  primary key (run, step)
);

create table if not exists passerelle_migrate.parts (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  target_table text not null,
  part integer not null,
  source_range text not null default '',
  rows_read bigint not null,
  rows_loaded bigint not null,
  rows_quarantined bigint not null,
  rows_rejected bigint not null,
  bytes bigint not null,
  checksum text not null,
  finished_at timestamptz not null default now(),
  primary key (run, target_table, part)
);

create table if not exists passerelle_migrate.users (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  source_table text not null,
  legacy_id text not null,
  uuid uuid not null,
  outcome text not null,
  code text,
  password_status text not null,
  digest text,
  primary key (run, source_table, legacy_id)
);
create index if not exists users_uuid_idx on passerelle_migrate.users (uuid);

create table if not exists passerelle_migrate.objects (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  number bigint generated always as identity,
  step text not null,
  kind text not null,
  name text not null,
  inverse text not null,
  primary key (run, number)
);

-- Rows that the target refused: as the source has them (none when found later, by a key), and as they were sent.
create table if not exists passerelle_migrate.rejects (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  target_table text not null,
  part integer not null,
  source_line bytea,
  line bytea not null,
  sqlstate text not null,
  reason text not null,
  constraint_name text,
  column_name text
);
create index if not exists rejects_part_idx on passerelle_migrate.rejects (run, target_table, part);

create table if not exists passerelle_migrate.events (
  run uuid not null references passerelle_migrate.runs on delete cascade,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  text text not null
);

revoke all on all tables in schema passerelle_migrate from public;
do $$
declare
  api text;
begin
  foreach api in array array['anon', 'authenticated', 'service_role'] loop
    if exists (select 1 from pg_roles where rolname = api) then
      execute format('revoke all on schema passerelle_migrate from %I', api);
      execute format('revoke all on all tables in schema passerelle_migrate from %I', api);
    end if;
  end loop;
end
$$;
