-- Ids above 2^53, where a floating-point number would round them to their neighbour, and negative ones.
-- Expected: every id exactly itself.
-- label: users public.users.id
-- label: declared public.photos.user_id
-- label: undeclared public.likes.user_id
-- label: json public.photos.tagged -> user_ids[*]
-- label: never public.likes.photo_id
create table public.users (
  id            bigint primary key,
  email         text not null unique,
  password_hash text not null
);

insert into public.users (id, email, password_hash)
select
  case n % 3 when 0 then -9007199254740992 - n when 1 then 9007199254740992 + n else 9223372036854775800 + n % 8 - n / 8 * 8 end,
  'far' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 12) as n;

create table public.photos (
  id      bigint primary key,
  user_id bigint not null references public.users (id),
  tagged  jsonb
);

insert into public.photos (id, user_id, tagged)
select
  9007199254740000 + row_number() over (order by u.id, n), u.id,
  jsonb_build_object('user_ids', jsonb_build_array(u.id))
from public.users as u, generate_series(1, 3) as n;

create table public.likes (
  photo_id bigint not null references public.photos (id),
  user_id  bigint not null,
  primary key (photo_id, user_id)
);

insert into public.likes (photo_id, user_id)
select p.id, u.id from public.photos as p, public.users as u where abs(p.id % 2) = abs(u.id % 2);
