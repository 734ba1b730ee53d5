-- Users have a unique UUID beside their integer key, and some tables use it already.
-- Expected: the UUID is reused as the new id; references by UUID are left as they are.
-- label: users public.users.id
-- label: declared public.posts.user_id
-- label: undeclared public.votes.user_id
-- label: uuid public.shares.user_uuid
-- label: never public.posts.uuid
create table public.users (
  id              integer generated always as identity primary key,
  uuid            uuid not null unique,
  email           text not null unique,
  hashed_password text not null,
  is_superuser    boolean not null default false
);

insert into public.users (uuid, email, hashed_password)
select
  md5('user ' || n)::uuid,
  'someone' || n || '@example.net',
  '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm'
from generate_series(1, 15) as n;

create table public.posts (
  id      serial primary key,
  uuid    uuid not null unique,
  user_id integer not null references public.users (id) on delete cascade,
  title   text
);

insert into public.posts (uuid, user_id, title)
select md5('post ' || n)::uuid, 1 + n % 15, 'Post ' || n from generate_series(1, 60) as n;

create table public.shares (
  id        serial primary key,
  post_id   integer not null references public.posts (id),
  user_uuid uuid not null references public.users (uuid)
);

insert into public.shares (post_id, user_uuid)
select 1 + n % 60, md5('user ' || (1 + n % 15))::uuid from generate_series(1, 45) as n;

create table public.votes (
  post_id integer not null references public.posts (id),
  user_id integer not null,
  value   smallint not null check (value in (-1, 1)),
  primary key (post_id, user_id)
);

insert into public.votes (post_id, user_id, value)
select 1 + n % 60, 1 + n % 15, case n % 2 when 0 then 1 else -1 end from generate_series(1, 60) as n;
