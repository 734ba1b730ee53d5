-- Variant B: an earlier attempt widened who did it to text, and left its mapping behind.
create table public.invitations (
  id         serial primary key,
  code       varchar not null constraint invitations_code_key unique,
  email      varchar,
  created_by varchar,
  created_at timestamp,
  expires_at timestamp not null,
  used_at    timestamp,
  used_by    varchar
);

create table public.activity_logs (
  id            serial primary key,
  user_id       varchar,
  action        varchar not null,
  resource_type varchar,
  resource_id   integer,
  details       text,
  created_at    timestamp
);

create table public.user_id_mapping (
  old_user_id      integer primary key,
  supabase_user_id varchar(36) constraint user_id_mapping_supabase_user_id_key unique,
  email            varchar(255),
  migrated_at      timestamp
);
