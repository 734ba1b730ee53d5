-- Three users and a table that takes a while.
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

create table papers (
  id integer primary key,
  user_id integer not null references users (id),
  body text not null
);
insert into papers select n, 1 + n % 3, repeat(md5(n::text), 10) from generate_series(1, 40000) n;
