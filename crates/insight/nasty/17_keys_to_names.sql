-- Foreign keys to the address and to the user name instead of the id.
-- Expected: found and left as they are, or moved to the profile table; the address in them is not an id to convert.
-- label: users public.users.id
-- label: declared public.bookings.user_id
-- label: by-name public.subscriptions.email
-- label: by-name public.followers.follower
-- label: by-name public.followers.followed
-- label: never public.subscriptions.plan
create table public.users (
  id       serial primary key,
  username varchar(30) not null unique,
  email    varchar(200) not null unique,
  password text not null
);

insert into public.users (username, email, password)
select
  'name' || n, 'name' || n || '@example.com', '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq'
from generate_series(1, 10) as n;

create table public.subscriptions (
  id    serial primary key,
  email varchar(200) not null references public.users (email) on update cascade on delete cascade,
  plan  smallint not null default 1
);

insert into public.subscriptions (email, plan)
select 'name' || 1 + n % 10 || '@example.com', 1 + n % 3 from generate_series(1, 20) as n;

create table public.followers (
  follower varchar(30) not null references public.users (username) on update cascade,
  followed varchar(30) not null references public.users (username) on update cascade,
  primary key (follower, followed)
);

insert into public.followers (follower, followed)
select 'name' || n, 'name' || 1 + n % 10 from generate_series(1, 10) as n;

create table public.bookings (
  id      serial primary key,
  user_id integer not null references public.users (id),
  seat    smallint not null
);

insert into public.bookings (user_id, seat) select 1 + n % 10, n % 6 from generate_series(1, 25) as n;
