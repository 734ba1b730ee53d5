-- Variant A: who did it is an integer.
create table public.invitations (
  id         serial primary key,
  code       varchar not null constraint invitations_code_key unique,
  email      varchar,
  created_by integer not null,
  created_at timestamp,
  expires_at timestamp not null,
  used_at    timestamp,
  used_by    integer
);

create table public.activity_logs (
  id            serial primary key,
  user_id       integer,
  action        varchar not null,
  resource_type varchar,
  resource_id   integer,
  details       text,
  created_at    timestamp
);
