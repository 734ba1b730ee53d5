-- Primary keys with the user id in first, middle and last position, and foreign keys onto them.
-- Expected: columns keep their place in the keys; keys onto composite keys are converted along with them.
-- label: users public.users.id
-- label: declared public.memberships.user_id
-- label: declared public.seats.user_id
-- label: declared public.grades.user_id
-- label: chain public.membership_notes.member
-- label: chain public.seat_changes.user_id
-- label: never public.memberships.team_id
-- label: never public.membership_notes.team
-- label: never public.seats.row
-- label: never public.seats.hall_id
create table public.users (
  id       integer generated always as identity primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'member' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 12) as n;

create table public.memberships (
  user_id integer not null references public.users (id) on delete cascade,
  team_id integer not null,
  since   date not null default '2024-01-01',
  primary key (user_id, team_id)
);

insert into public.memberships (user_id, team_id)
select u, t from generate_series(1, 12) as u, generate_series(1, 4) as t where (u + t) % 2 = 0;

create table public.membership_notes (
  id     serial primary key,
  member integer not null,
  team   integer not null,
  body   text,
  foreign key (member, team) references public.memberships (user_id, team_id) on delete cascade on update cascade
);

insert into public.membership_notes (member, team, body)
select user_id, team_id, 'Note on ' || user_id || ' in ' || team_id from public.memberships order by 1, 2;

create table public.seats (
  hall_id integer not null,
  user_id integer not null references public.users (id),
  row     integer not null,
  label   text,
  primary key (hall_id, user_id, row),
  unique (hall_id, row) include (user_id)
);

insert into public.seats (hall_id, user_id, row, label)
select h, 1 + (h * 5 + r) % 12, r, 'S' || r from generate_series(1, 3) as h, generate_series(1, 6) as r;

create table public.seat_changes (
  id      serial primary key,
  hall_id integer,
  user_id integer,
  row     integer,
  foreign key (hall_id, user_id, row) references public.seats (hall_id, user_id, row) match full
);

insert into public.seat_changes (hall_id, user_id, row)
select hall_id, user_id, row from public.seats where row % 2 = 0 order by 1, 2, 3;
insert into public.seat_changes (hall_id, user_id, row) values (null, null, null);

create table public.grades (
  course  text not null,
  term    smallint not null,
  user_id integer not null references public.users (id),
  grade   smallint not null,
  primary key (course, term, user_id)
);

insert into public.grades (course, term, user_id, grade)
select c, t, u, 1 + (t + u) % 6
from unnest(array['algebra', 'botany']) as c, generate_series(1, 2) as t, generate_series(1, 12) as u;
