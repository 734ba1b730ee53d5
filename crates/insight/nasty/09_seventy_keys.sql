-- Users as a well-known Ruby library leaves them, and seventy foreign keys to them with mixed actions.
-- Expected: all keys found, their actions preserved; locked users are banned, tokens and secrets leave the schema.
-- label: users public.users.id
-- label: declared-count 71
-- label: declared public.articles.created_by_id
-- label: declared public.articles.approver_id
-- label: declared public.users.invited_by_id
-- label: never public.articles.position
create table public.users (
  id                        bigserial primary key,
  email                     varchar not null default '',
  encrypted_password        varchar not null default '',
  reset_password_token      varchar,
  reset_password_sent_at    timestamp(6),
  remember_created_at       timestamp(6),
  sign_in_count             integer not null default 0,
  current_sign_in_at        timestamp(6),
  last_sign_in_at           timestamp(6),
  current_sign_in_ip        inet,
  confirmation_token        varchar,
  confirmed_at              timestamp(6),
  confirmation_sent_at      timestamp(6),
  unconfirmed_email         varchar,
  failed_attempts           integer not null default 0,
  unlock_token              varchar,
  locked_at                 timestamp(6),
  encrypted_otp_secret      varchar,
  otp_required_for_login    boolean not null default false,
  otp_backup_codes          text[],
  invited_by_id             bigint references public.users (id),
  created_at                timestamp(6) not null,
  updated_at                timestamp(6) not null
);
create unique index index_users_on_email on public.users (email);
create unique index index_users_on_reset_password_token on public.users (reset_password_token);
create unique index index_users_on_confirmation_token on public.users (confirmation_token);

insert into public.users (
  email, encrypted_password, confirmed_at, locked_at, otp_required_for_login, otp_backup_codes, reset_password_token,
  invited_by_id, last_sign_in_at, created_at, updated_at
)
select
  'devisee' || n || '@example.com',
  '$2a$12$/L5LalridiqYniFXx58jR.9GD2J3NKz.rTKqe5uojkidchSNwDgcu',
  case when n % 5 > 0 then timestamp '2024-02-01' end,
  case when n = 7 then timestamp '2024-03-01' end,
  n % 6 = 0,
  case when n % 6 = 0 then array[md5('code ' || n)] end,
  case when n = 3 then md5('token 3') end,
  nullif(n / 2, 0),
  timestamp '2024-04-01' + n * interval '1 day',
  timestamp '2024-01-01' + n * interval '1 day',
  timestamp '2024-01-01' + n * interval '1 day'
from generate_series(1, 18) as n;

do $$
declare
  name text;
  role text;
  number integer := 0;
  action text;
begin
  foreach name in array array[
    'articles', 'comments', 'invoices', 'orders', 'payments', 'shipments', 'tickets', 'tasks', 'uploads', 'surveys',
    'contracts', 'offers', 'events', 'rooms'
  ] loop
    execute format('create table public.%I (id bigserial primary key, title varchar, position integer)', name);
    foreach role in array array['created_by_id', 'updated_by_id', 'owner_id', 'approver_id', 'deleted_by_id'] loop
      action := (array['cascade', 'set null', 'restrict', 'no action', 'set default'])[1 + number % 5];
      number := number + 1;
      execute format('alter table public.%I add column %I bigint default null', name, role);
      execute format(
        'alter table public.%1$I add constraint %2$I foreign key (%3$I) references public.users (id) on delete '
          || action || case when number % 3 = 0 then ' on update cascade' else '' end,
        name, 'fk_' || name || '_' || role, role
      );
      execute format('create index %I on public.%I (%I)', 'index_' || name || '_on_' || role, name, role);
    end loop;
    execute format(
      'insert into public.%I (title, position, created_by_id, updated_by_id, owner_id, approver_id, deleted_by_id)
       select ''Row '' || n, n %% 4, 1 + n %% 18, 1 + (n * 5) %% 18, 1 + (n * 7) %% 18, nullif(n %% 19, 0),
              case when n %% 8 = 0 then 1 + n %% 18 end
       from generate_series(1, 20) as n',
      name
    );
  end loop;
end
$$;
