-- A source whose rows the target does not all take.
create table users (
  id serial primary key,
  email text not null unique,
  password_hash text not null,
  is_active boolean not null default true,
  created_at timestamptz not null default '2024-01-01 00:00:00Z'
);
insert into users (email, password_hash)
select 'user' || n || '@example.com', '$2b$04$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy'
from generate_series(1, 3) n;

create domain amount as integer;
create table things (
  id integer primary key,
  user_id integer not null references users (id),
  amount amount not null,
  name text
);
insert into things
select n, 1 + n % 3, case when n in (2, 1024, 1025, 2500, 2501, 5000) then -n else n end, 'thing ' || n
from generate_series(2, 5000) n;
insert into things values (1, 1, -1, null);
alter domain amount add constraint amount_check check (value > 0) not valid;

create table visits (id bigint primary key, user_id integer not null, page text);
insert into visits select n, 1 + n % 3, '/page/' || n from generate_series(1, 298) n;
insert into visits values (299, 4711, '/a'), (300, 4712, '/b');
create index visits_user_idx on visits (user_id);

create table letters (id integer primary key, body text);
insert into letters select n, 'letter ' || n from generate_series(1, 38) n;
insert into letters values (39, E'caf\xe9'), (40, E'na\xefve');
