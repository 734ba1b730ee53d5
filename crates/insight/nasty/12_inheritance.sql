-- Tables that inherit without being partitions: keys and checks do not reach the children.
-- Expected: every table of the family is converted with its own rows only.
-- label: users public.users.id
-- label: declared public.entries.author_id
-- label: undeclared public.articles.author_id
-- label: undeclared public.pictures.author_id
-- label: undeclared public.pictures.photographer_id
-- label: never public.pictures.width
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'author' || n || '@example.com', '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm'
from generate_series(1, 15) as n;

create table public.entries (
  id        serial primary key,
  author_id integer not null references public.users (id),
  title     text not null
);

create table public.articles (
  body text not null
) inherits (public.entries);

create table public.pictures (
  width           integer not null,
  photographer_id integer
) inherits (public.entries);

create table public.panoramas (
  check (width > 2000)
) inherits (public.pictures);

insert into public.entries (author_id, title) select 1 + n % 15, 'Entry ' || n from generate_series(1, 15) as n;
insert into public.articles (author_id, title, body)
select 1 + n % 15, 'Article ' || n, 'Text' from generate_series(1, 30) as n;
insert into public.pictures (author_id, title, width, photographer_id)
select 1 + n % 15, 'Picture ' || n, 100 * n, nullif(n % 16, 0) from generate_series(1, 20) as n;
insert into public.panoramas (author_id, title, width, photographer_id)
select 1 + n % 15, 'Panorama ' || n, 2000 + n, 1 + n % 15 from generate_series(1, 15) as n;
