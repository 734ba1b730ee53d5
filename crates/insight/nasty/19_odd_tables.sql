-- Tables without primary key, with the same row twice, unlogged, empty, and one with as many columns as there can be.
-- Expected: all copied to the row; those without a key by other means than a key.
-- label: users public.users.id
-- label: undeclared public.scans.user_id
-- label: undeclared public.presence.user_id
-- label: declared public.nothing_yet.user_id
-- label: declared public.wide.user_id
-- label: never public.scans.gate
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'visitor' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 14) as n;

create table public.scans (
  user_id integer,
  gate    integer,
  at      timestamp
);

insert into public.scans (user_id, gate, at)
select 1 + n % 14, n % 3, timestamp '2024-01-01' + (n % 14) * interval '1 hour' from generate_series(1, 84) as n;

create unlogged table public.presence (
  user_id integer primary key,
  seen    timestamp not null
);

insert into public.presence (user_id, seen) select n, '2024-06-01' from generate_series(1, 14, 2) as n;

create table public.nothing_yet (
  id      serial primary key,
  user_id integer not null references public.users (id)
);

create table public.no_columns ();
insert into public.no_columns default values;
insert into public.no_columns default values;

do $$
declare
  columns text;
begin
  -- With the two named ones, 1 600.
  select string_agg(format('c%s integer', n), ', ' order by n) into columns from generate_series(1, 1598) as n;
  execute 'create table public.wide (id serial primary key, user_id integer references public.users (id), '
    || columns || ')';
  insert into public.wide (user_id, c1, c1598) select 1 + n % 14, n, -n from generate_series(1, 28) as n;
end
$$;
