-- bcrypt over the hexadecimal SHA-1 of the password: an old table of digests was wrapped once.
-- Expected: the hashes parse and never verify until the transform is declared: sha1-hex.
-- label: users public.accounts.id
-- label: credential two@wrapped.example hashed-twice-2
-- label: declared public.orders.account_id
create table public.accounts (
  id              serial primary key,
  email           varchar(120) not null unique,
  hashed_password char(60) not null
);

insert into public.accounts (email, hashed_password) values
  ('one@wrapped.example', '$2b$10$ri6c7ibgg5REtet4NK.edOrQNSqq2QYZ59aAdkCr6f0VI.8d.kFBq'),
  ('two@wrapped.example', '$2b$10$ri6c7ibgg5REtet4NK.edOrQNSqq2QYZ59aAdkCr6f0VI.8d.kFBq');

create table public.orders (
  id         serial primary key,
  account_id integer not null references public.accounts (id),
  total      numeric(10, 2) not null
);

insert into public.orders (account_id, total) values (1, 10), (1, 20.5), (2, 3);
