-- Partitions by range, list and hash, partitions of partitions, a default one, and one that was detached.
-- Expected: the tree is rebuilt where the user id is part of the partition key; hashed rows move to other partitions.
-- label: users public.users.id
-- label: declared public.events.user_id
-- label: declared public.events_2022.user_id
-- label: declared public.inbox.user_id
-- label: undeclared public.clicks.user_id
-- label: undeclared public.archive.user_id
-- label: never public.events.severity
-- label: never public.archive.shelf
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'reader' || n || '@example.com', '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq'
from generate_series(1, 20) as n;

-- By time; the newest year by severity once more.
create table public.events (
  id       bigint generated always as identity,
  user_id  integer not null references public.users (id),
  severity smallint not null,
  at       timestamp not null,
  primary key (id, at, severity)
) partition by range (at);

create table public.events_2022 partition of public.events for values from ('2022-01-01') to ('2023-01-01');
create table public.events_2023 partition of public.events for values from ('2023-01-01') to ('2024-01-01');
create table public.events_2024 partition of public.events for values from ('2024-01-01') to ('2025-01-01')
partition by list (severity);
create table public.events_2024_low partition of public.events_2024 for values in (0, 1);
create table public.events_2024_high partition of public.events_2024 for values in (2, 3);
create table public.events_rest partition of public.events default;
create index events_user on public.events (user_id, at);

insert into public.events (user_id, severity, at)
select 1 + n % 20, n % 4, timestamp '2022-01-15' + n * interval '5 days' from generate_series(0, 240) as n;

alter table public.events detach partition public.events_2022;

-- By hash of the user id.
create table public.inbox (
  user_id integer not null references public.users (id) on delete cascade,
  number  integer not null,
  body    text,
  primary key (user_id, number)
) partition by hash (user_id);

create table public.inbox_0 partition of public.inbox for values with (modulus 4, remainder 0);
create table public.inbox_1 partition of public.inbox for values with (modulus 4, remainder 1);
create table public.inbox_2 partition of public.inbox for values with (modulus 4, remainder 2);
create table public.inbox_3 partition of public.inbox for values with (modulus 4, remainder 3);

insert into public.inbox (user_id, number, body)
select u, n, 'Mail ' || n from generate_series(1, 20) as u, generate_series(1, 5) as n;

-- By range of the user id, and by list of it: both lose their meaning when ids are no numbers.
create table public.clicks (
  user_id integer not null,
  path    text not null
) partition by range (user_id);

create table public.clicks_few partition of public.clicks for values from (1) to (10);
create table public.clicks_many partition of public.clicks for values from (10) to (maxvalue);

insert into public.clicks (user_id, path)
select 1 + n % 20, '/p' || n from generate_series(1, 100) as n;

create table public.archive (
  user_id integer,
  shelf   integer not null
) partition by list (user_id);

create table public.archive_staff partition of public.archive for values in (1, 2, 3);
create table public.archive_nobody partition of public.archive for values in (null);
create table public.archive_others partition of public.archive default;

insert into public.archive (user_id, shelf)
select nullif(n % 21, 0), n % 3 from generate_series(1, 63) as n;
