-- Ids of type numeric(20,0), as some drivers make them of unsigned integers; beyond the range of bigint.
-- Expected: every id exactly itself.
-- label: users public.clients.id
-- label: declared public.invoices.client_id
-- label: undeclared public.visits.client_id
-- label: never public.invoices.amount
create table public.clients (
  id       numeric(20, 0) primary key,
  email    text not null unique,
  password text not null
);

insert into public.clients (id, email, password)
select
  case when n % 2 = 0 then 18446744073709551000 + n else n end,
  'client' || n || '@example.com', '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm'
from generate_series(1, 10) as n;

create table public.invoices (
  id        serial primary key,
  client_id numeric(20, 0) not null references public.clients (id),
  amount    numeric(20, 0) not null
);

insert into public.invoices (client_id, amount)
select c.id, n * 100 from public.clients as c, generate_series(1, 3) as n order by c.id, n;

create table public.visits (
  id        serial primary key,
  client_id numeric(20, 0)
);

insert into public.visits (client_id)
select c.id from public.clients as c, generate_series(1, 4) as n order by c.id, n;
