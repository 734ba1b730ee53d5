-- bcrypt of a salt from another column and the password behind it.
-- Expected: the hashes parse and never verify until the transform is declared: prefix-salt:salt.
-- label: users public.customers.id
-- label: credential three@salted.example glued-3
-- label: declared public.baskets.customer_id
create table public.customers (
  id       serial primary key,
  email    text not null unique,
  salt     varchar(10) not null,
  passhash text not null
);

insert into public.customers (email, salt, passhash) values
  ('three@salted.example', 's4lt-', '$2b$10$c4ReGY0bIPe8Zkr9WRH7Hu0kk6ioVHxrsD0qDhi9B59jSa0YBcHha'),
  ('four@salted.example', 's4lt-', '$2b$10$c4ReGY0bIPe8Zkr9WRH7Hu0kk6ioVHxrsD0qDhi9B59jSa0YBcHha');

create table public.baskets (
  id          serial primary key,
  customer_id integer not null references public.customers (id) on delete cascade
);

insert into public.baskets (customer_id) values (1), (2), (2);
