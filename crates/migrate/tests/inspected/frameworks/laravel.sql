-- As Laravel makes it: tokens and notifications by class name, a queue, remember tokens.
-- label: users public.users.id
-- label: declared public.team_user.user_id
-- label: undeclared public.teams.user_id
-- label: undeclared public.sessions.user_id
-- label: polymorphic public.personal_access_tokens.tokenable_type = 'App\Models\User', tokenable_id
-- label: polymorphic public.notifications.notifiable_type = 'App\Models\User', notifiable_id
-- label: never public.team_user.team_id
-- label: never public.jobs.attempts
-- label: never public.users.current_team_id
-- sort: migrations Bookkeeping
-- sort: jobs Temporary
-- sort: personal_access_tokens AuthPlumbing
-- sort: sessions AuthPlumbing
create table public.migrations (id serial primary key, migration varchar(255) not null, batch integer not null);
create table public.users (
  id bigserial primary key, name varchar(255) not null, email varchar(255) not null unique,
  email_verified_at timestamp(0), password varchar(255) not null, two_factor_secret text,
  two_factor_recovery_codes text, remember_token varchar(100), current_team_id bigint,
  profile_photo_path varchar(2048), created_at timestamp(0), updated_at timestamp(0)
);
create table public.teams (id bigserial primary key, user_id bigint not null, name varchar(255) not null);
create index teams_user_id_index on public.teams (user_id);
create table public.team_user (
  id bigserial primary key, team_id bigint not null references public.teams, user_id bigint not null references public.users
);
create table public.sessions (
  id varchar(255) primary key, user_id bigint, ip_address varchar(45), user_agent text, payload text not null,
  last_activity integer not null
);
create table public.personal_access_tokens (
  id bigserial primary key, tokenable_type varchar(255) not null, tokenable_id bigint not null,
  name varchar(255) not null, token varchar(64) not null unique, expires_at timestamp(0)
);
create table public.notifications (
  id uuid primary key, type varchar(255) not null, notifiable_type varchar(255) not null,
  notifiable_id bigint not null, data text not null
);
create table public.jobs (
  id bigserial primary key, queue varchar(255) not null, payload text not null, attempts smallint not null,
  reserved_at integer, available_at integer not null, created_at integer not null
);
insert into public.users (name, email, password, current_team_id)
select 'n' || n, 'u' || n || '@example.com', '$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 1 + n % 5
from generate_series(1, 25) as n;
insert into public.teams (user_id, name) select n, 't' || n from generate_series(1, 5) as n;
insert into public.team_user (team_id, user_id) select 1 + n % 5, n from generate_series(1, 25) as n;
insert into public.sessions (id, user_id, payload, last_activity)
select md5(n::text), n, 'x', 1700000000 + n from generate_series(1, 10) as n;
insert into public.personal_access_tokens (tokenable_type, tokenable_id, name, token)
select 'App\Models\User', n, 'api', md5(n::text) from generate_series(1, 10) as n;
insert into public.notifications (id, type, notifiable_type, notifiable_id, data)
select md5(n::text)::uuid, 'App\Notifications\Hello',
       case when n % 4 = 0 then 'App\Models\Team' else 'App\Models\User' end, 1 + n % 5, '{"line": "hello"}'
from generate_series(1, 20) as n;
