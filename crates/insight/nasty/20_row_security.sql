-- Row level security is there already, by an integer in a setting of the session; forced, and with a restrictive policy.
-- Expected: the old policies are shown and replaced by decision, never kept beside new ones unseen.
-- label: users public.users.id
-- label: declared public.journals.user_id
-- label: declared public.secrets.owner_id
-- label: never public.journals.mood
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null,
  is_admin boolean not null default false
);

insert into public.users (email, password, is_admin)
select 'keeper' || n || '@example.com', '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq', n = 1
from generate_series(1, 10) as n;

create function public.current_user_id() returns integer
language sql stable as $$ select nullif(current_setting('app.user_id', true), '')::integer $$;

create table public.journals (
  id      serial primary key,
  user_id integer not null default public.current_user_id() references public.users (id),
  mood    smallint not null,
  body    text
);
insert into public.journals (user_id, mood, body) select 1 + n % 10, n % 5, 'Day ' || n from generate_series(1, 50) as n;

alter table public.journals enable row level security;
alter table public.journals force row level security;
create policy own_journals on public.journals using (user_id = public.current_user_id())
with check (user_id = public.current_user_id());
create policy admins_read on public.journals for select
using (exists (select from public.users as u where u.id = current_setting('app.user_id', true)::int and u.is_admin));
create policy happy_only on public.journals as restrictive for select using (mood > 0);

create table public.secrets (
  id       serial primary key,
  owner_id integer not null references public.users (id),
  body     text
);
insert into public.secrets (owner_id, body) select 1 + n % 10, 'Secret ' || n from generate_series(1, 20) as n;

alter table public.secrets enable row level security;
