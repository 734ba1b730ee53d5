-- Catalogue of analytics and vector buckets: tables that dumps name.
create table if not exists storage.buckets_analytics (
  name text not null,
  type storage.buckettype not null default 'ANALYTICS',
  format text not null default 'ICEBERG',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  id uuid not null default gen_random_uuid() primary key,
  deleted_at timestamptz
);

-- Its first form had the name as the key; the folders of a catalogue referred to that.
do $$
begin
  if not exists (
    select from information_schema.columns
    where table_schema = 'storage' and table_name = 'buckets_analytics' and column_name = 'name'
  ) then
    alter table storage.buckets_analytics drop constraint buckets_analytics_pkey cascade;
    alter table storage.buckets_analytics rename column id to name;
    alter table storage.buckets_analytics
      add column id uuid not null default gen_random_uuid() primary key,
      add column if not exists type storage.buckettype not null default 'ANALYTICS';
  end if;
end
$$;

alter table storage.buckets_analytics add column if not exists deleted_at timestamptz;

create unique index if not exists buckets_analytics_unique_name_idx
  on storage.buckets_analytics (name) where deleted_at is null;

create table if not exists storage.iceberg_namespaces (
  id uuid primary key default gen_random_uuid(),
  bucket_name text not null,
  name text collate "C" not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  metadata jsonb not null default '{}',
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
);

create table if not exists storage.iceberg_tables (
  id uuid primary key default gen_random_uuid(),
  namespace_id uuid not null references storage.iceberg_namespaces (id) on delete cascade,
  bucket_name text not null,
  name text collate "C" not null,
  location text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  remote_table_id text,
  shard_key text,
  shard_id text,
  catalog_id uuid not null references storage.buckets_analytics (id) on delete cascade
);

do $$
declare
  child text;
begin
  foreach child in array array['iceberg_namespaces', 'iceberg_tables'] loop
    if exists (
      select from information_schema.columns
      where table_schema = 'storage' and table_name = child and column_name = 'bucket_id'
    ) then
      execute format('alter table storage.%I rename column bucket_id to bucket_name', child);
    end if;
    if not exists (
      select from information_schema.columns
      where table_schema = 'storage' and table_name = child and column_name = 'catalog_id'
    ) then
      execute format('alter table storage.%I add column catalog_id uuid', child);
      execute format(
        'update storage.%I as t set catalog_id = b.id from storage.buckets_analytics as b where b.name = t.bucket_name',
        child
      );
      execute format(
        'alter table storage.%1$I alter column catalog_id set not null,'
        ' add constraint %2$I foreign key (catalog_id) references storage.buckets_analytics (id) on delete cascade',
        child, child || '_catalog_id_fkey'
      );
    end if;
  end loop;
end
$$;

alter table storage.iceberg_namespaces add column if not exists metadata jsonb not null default '{}';
alter table storage.iceberg_tables
  add column if not exists remote_table_id text,
  add column if not exists shard_key text,
  add column if not exists shard_id text;

drop index if exists storage.idx_iceberg_namespaces_bucket_id;
drop index if exists storage.idx_iceberg_tables_namespace_id;
create unique index idx_iceberg_namespaces_bucket_id on storage.iceberg_namespaces (catalog_id, name);
create unique index idx_iceberg_tables_namespace_id on storage.iceberg_tables (catalog_id, namespace_id, name);
create unique index if not exists idx_iceberg_tables_location on storage.iceberg_tables (location);

create table if not exists storage.buckets_vectors (
  id text not null primary key,
  type storage.buckettype not null default 'VECTOR',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists storage.vector_indexes (
  id text primary key default gen_random_uuid(),
  name text collate "C" not null,
  bucket_id text not null references storage.buckets_vectors (id),
  data_type text not null,
  dimension integer not null,
  distance_metric text not null,
  metadata_configuration jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create unique index if not exists vector_indexes_name_bucket_id_idx
  on storage.vector_indexes (name, bucket_id);

alter table storage.buckets_analytics enable row level security;
alter table storage.iceberg_namespaces enable row level security;
alter table storage.iceberg_tables enable row level security;
alter table storage.buckets_vectors enable row level security;
alter table storage.vector_indexes enable row level security;
