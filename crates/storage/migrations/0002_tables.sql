-- Buckets, objects and S3 uploads under way. Written so that a schema restored from any release of the
-- upstream service (its level 63 or earlier) ends in the same state as a new one.
create table if not exists storage.migrations (
  id integer primary key,
  name varchar(100) unique not null,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);

create table if not exists storage.buckets (
  id text not null primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD'
);

alter table storage.buckets
  drop constraint if exists buckets_owner_fkey,
  drop column if exists iceberg_catalog,
  add column if not exists public boolean default false,
  add column if not exists avif_autodetection boolean default false,
  add column if not exists file_size_limit bigint,
  add column if not exists allowed_mime_types text[],
  add column if not exists owner_id text,
  add column if not exists type storage.buckettype not null default 'STANDARD',
  add column if not exists versioning_status text not null default 'DISABLED';

create unique index if not exists bname on storage.buckets (name);

do $$
begin
  if not exists (
    select from pg_constraint
    where conrelid = 'storage.buckets'::regclass and conname = 'buckets_versioning_status_check'
  ) then
    alter table storage.buckets
      add constraint buckets_versioning_status_check
        check (versioning_status in ('DISABLED', 'ENABLED', 'SUSPENDED')),
      add constraint buckets_versioning_standard_only_check
        check (type = 'STANDARD' or versioning_status = 'DISABLED'),
      add constraint buckets_versioning_dark_check
        check (versioning_status = 'DISABLED');
  end if;
end
$$;

create table if not exists storage.objects (
  id uuid not null default gen_random_uuid() primary key,
  bucket_id text,
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb,
  constraint "objects_bucketId_fkey" foreign key (bucket_id) references storage.buckets (id)
);

-- What releases of 2025 kept of the folders; listings no longer need it.
drop trigger if exists objects_insert_create_prefix on storage.objects;
drop trigger if exists objects_update_create_prefix on storage.objects;
drop trigger if exists objects_delete_delete_prefix on storage.objects;
drop trigger if exists objects_update_level_trigger on storage.objects;
drop trigger if exists objects_insert_prefix_trigger on storage.objects;
drop index if exists storage.idx_objects_lower_name;
drop index if exists storage.idx_name_bucket_level_unique;
drop index if exists storage.objects_bucket_id_level_idx;
drop table if exists storage.prefixes cascade;

alter table storage.objects
  drop constraint if exists objects_owner_fkey,
  drop column if exists level,
  add column if not exists path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  add column if not exists version text,
  add column if not exists owner_id text,
  add column if not exists user_metadata jsonb,
  add column if not exists archived_at timestamptz,
  add column if not exists is_delete_marker boolean not null default false,
  add column if not exists is_versioned boolean not null default false,
  alter column id set default gen_random_uuid();

create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
create index if not exists idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index if not exists idx_objects_bucket_id_name_lower
  on storage.objects (bucket_id, lower(name) collate "C");

create table if not exists storage.s3_multipart_uploads (
  id text primary key,
  in_progress_size bigint not null default 0,
  upload_signature text not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  version text not null,
  owner_id text,
  created_at timestamptz not null default now(),
  user_metadata jsonb
);

alter table storage.s3_multipart_uploads
  alter column in_progress_size type bigint,
  add column if not exists user_metadata jsonb,
  add column if not exists metadata jsonb;

create table if not exists storage.s3_multipart_uploads_parts (
  id uuid primary key default gen_random_uuid(),
  upload_id text not null references storage.s3_multipart_uploads (id) on delete cascade,
  size bigint not null default 0,
  part_number integer not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  etag text not null,
  owner_id text,
  version text not null,
  created_at timestamptz not null default now()
);

alter table storage.s3_multipart_uploads_parts alter column size type bigint;

create index if not exists idx_multipart_uploads_list
  on storage.s3_multipart_uploads (bucket_id, key collate "C", created_at);

alter table storage.migrations enable row level security;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
alter table storage.s3_multipart_uploads enable row level security;
alter table storage.s3_multipart_uploads_parts enable row level security;
