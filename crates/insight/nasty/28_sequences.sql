-- Sequences that two tables share, that are used up, that count down, that run ahead by a cache, that functions draw from.
-- Expected: each continues where it was, with its options; the one that is used up is reported.
-- label: users public.users.id
-- label: declared public.invoices.user_id
-- label: declared public.credits.user_id
-- label: never public.invoices.number
create sequence public.users_id as integer cache 1000;

create table public.users (
  id       integer primary key default nextval('public.users_id'),
  email    text not null unique,
  password text not null
);
alter sequence public.users_id owned by public.users.id;

insert into public.users (id, email, password)
select n, 'payer' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 9) as n;
select setval('public.users_id', 5000);

-- One number for both: a credit never has an invoice's.
create sequence public.papers start with 1000 increment by 5;

create function public.next_number() returns text
language sql volatile as $$ select 'N-' || nextval('public.papers') $$;

create table public.invoices (
  id      bigint primary key default nextval('public.papers'),
  number  text not null unique default public.next_number(),
  user_id integer not null references public.users (id)
);

create table public.credits (
  id      bigint primary key default nextval('public.papers'),
  user_id integer not null references public.users (id)
);

insert into public.invoices (user_id) select 1 + n % 9 from generate_series(1, 27) as n;
insert into public.credits (user_id) select 1 + n % 9 from generate_series(1, 18) as n;

create sequence public.countdown increment by -1 minvalue -100 maxvalue 10 start with 10 cycle;
select nextval('public.countdown') from generate_series(1, 15);

create sequence public.used_up as smallint maxvalue 3;
select nextval('public.used_up') from generate_series(1, 3);

create sequence public.never_used start with 77;
