-- Customers and staff in tables of their own, their ids overlapping; some tables refer to one, some to both.
-- Expected: two users tables in one run, each with its own mapping; no id of one is taken for the other's.
-- label: users public.customers.id
-- label: users public.staff.id
-- label: declared public.tickets.customer_id
-- label: declared public.tickets.agent_id
-- label: declared public.shifts.staff_id
-- label: undeclared public.calls.customer_id
-- label: undeclared public.calls.handled_by
-- label: never public.tickets.priority
create table public.customers (
  id       serial primary key,
  email    text not null unique,
  password text not null,
  city     text
);

insert into public.customers (email, password, city)
select
  'customer' || n || '@example.com', '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm', 'City ' || n % 4
from generate_series(1, 25) as n;

create table public.staff (
  id       serial primary key,
  email    text not null unique,
  password text not null,
  is_admin boolean not null default false
);

-- One of them is a customer, too.
insert into public.staff (email, password, is_admin)
select
  case when n = 3 then 'customer3@example.com' else 'staff' || n || '@example.com' end,
  '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau', n = 1
from generate_series(1, 8) as n;

create table public.tickets (
  id          serial primary key,
  customer_id integer not null references public.customers (id) on delete cascade,
  agent_id    integer references public.staff (id) on delete set null,
  priority    smallint not null default 1
);

insert into public.tickets (customer_id, agent_id, priority)
select 1 + n % 25, nullif(n % 9, 0), 1 + n % 3 from generate_series(1, 100) as n;

create table public.shifts (
  staff_id integer not null references public.staff (id),
  day      date not null,
  primary key (staff_id, day)
);

insert into public.shifts (staff_id, day)
select s, date '2024-01-01' + d from generate_series(1, 8) as s, generate_series(0, 9) as d where (s + d) % 2 = 0;

create table public.calls (
  id          serial primary key,
  customer_id integer,
  handled_by  integer,
  seconds     integer not null
);

insert into public.calls (customer_id, handled_by, seconds)
select 1 + n % 25, 1 + n % 8, n * 7 from generate_series(1, 75) as n;
