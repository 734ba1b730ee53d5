-- The tables that are alike in both variants, as the gateway and its five services create them.
create table public.users (
  id            serial primary key,
  email         varchar not null constraint users_email_key unique,
  password_hash varchar not null,
  full_name     varchar,
  role          varchar default 'user',
  is_active     boolean default true,
  created_at    timestamp,
  last_login    timestamp
);

create table public.password_reset_tokens (
  id         serial primary key,
  token      varchar not null constraint password_reset_tokens_token_key unique,
  user_id    integer not null,
  email      varchar not null,
  created_at timestamp,
  expires_at timestamp not null,
  used_at    timestamp
);

create table public.user_conversations (
  id                serial primary key,
  user_id           integer not null,
  query             text,
  response          text,
  conversation_type varchar(50) default 'chat',
  analysis_type     varchar(100),
  business_type     varchar(100),
  created_at        timestamp
);

create table public.messages (
  id              bigserial primary key,
  conversation_id integer not null,
  sender          varchar not null,
  author_id       integer,
  content         text not null,
  created_at      timestamp
);

create table public.user_documents (
  id            serial primary key,
  user_id       integer not null,
  document_type varchar(50),
  analysis_type varchar(100),
  title         varchar(500),
  content       text,
  file_path     varchar(1000),
  report_id     integer,
  watch_id      integer,
  extra_data    jsonb default '{}',
  created_at    timestamp
);

create table public.documents (
  id          serial primary key,
  filename    varchar(500),
  title       varchar(500),
  content     text not null,
  file_path   varchar(1000),
  upload_date timestamp,
  file_size   integer,
  pages_count integer
);

create table public.reports (
  id            serial primary key,
  user_id       integer not null,
  title         varchar(500),
  content       text,
  analysis_type varchar(100),
  metadata_json text,
  created_at    timestamp
);

create table public.watch_configs (
  id               serial primary key,
  user_id          integer not null,
  name             varchar(255),
  topic            varchar(500),
  keywords         json,
  cron_expression  varchar(100),
  email_recipients json,
  is_active        boolean default true,
  created_at       timestamp,
  updated_at       timestamp
);

create table public.watch_history (
  id                     serial primary key,
  watch_id               integer not null,
  user_id                integer,
  executed_at            timestamp,
  status                 varchar(50),
  report_id              integer,
  error_message          text,
  execution_time_seconds integer
);

create table public.user_contexts (
  id           serial primary key,
  user_id      integer not null,
  name         varchar(255),
  context_type varchar(50),
  content      text,
  preview      varchar(200),
  filename     varchar(500),
  content_size bigint,
  is_active    boolean default true,
  created_at   timestamp,
  updated_at   timestamp
);

create table public.user_storage_quotas (
  user_id          integer primary key,
  total_used_bytes bigint default 0,
  max_bytes        bigint default 2147483648,
  last_updated     timestamp
);

create table public.migration_status (
  user_id                   integer primary key,
  conversations_migrated    boolean default false,
  migration_date            timestamp,
  legacy_conversation_count integer
);
