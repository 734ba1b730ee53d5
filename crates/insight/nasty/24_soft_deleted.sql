-- Deleted users stay, with an address that active ones may have taken again; only active rows are unique.
-- Expected: the active one has the address; deleted ones are banned placeholders that own their rows.
-- label: users public.users.id
-- label: declared public.orders.user_id
-- label: undeclared public.users.deleted_by_user_id
-- label: never public.orders.items
create table public.users (
  id                 serial primary key,
  email              text not null,
  password           text not null,
  deleted_at         timestamptz,
  deleted_by_user_id integer
);
create unique index users_email_active on public.users (lower(email)) where deleted_at is null;

insert into public.users (email, password, deleted_at, deleted_by_user_id)
select
  'again' || n % 6 || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau',
  case when n < 12 then timestamptz '2024-01-01 00:00:00+00' + n * interval '1 day' end,
  case when n < 12 then 12 + n % 6 end
from generate_series(1, 17) as n;

create table public.orders (
  id      serial primary key,
  user_id integer not null references public.users (id),
  items   integer not null
);

insert into public.orders (user_id, items) select 1 + n % 17, n % 4 from generate_series(1, 51) as n;
