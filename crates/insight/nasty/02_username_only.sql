-- People sign in by a name; few have an address. Owners default to 0, which is nobody; dates are Unix seconds.
-- Expected: placeholder addresses by decision; 0 is a sentinel, never a user; the numbers that are dates stay.
-- label: users public.members.uid
-- label: undeclared public.posts.owner
-- label: undeclared public.comments.member
-- label: never public.posts.created
-- label: never public.posts.score
-- label: never public.members.registered
create table public.members (
  uid        serial primary key,
  login      varchar(40) not null unique,
  pass       varchar(100) not null,
  mail       varchar(200),
  registered integer not null,
  seen       integer not null default 0
);

insert into public.members (login, pass, mail, registered)
select
  'member' || n,
  '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq',
  case when n % 4 = 0 then 'member' || n || '@example.org' end,
  1400000000 + n * 86400
from generate_series(1, 20) as n;

create table public.posts (
  pid     serial primary key,
  owner   integer not null default 0,
  created integer not null,
  score   smallint not null default 0,
  body    text
);

insert into public.posts (owner, created, score, body)
select n % 21, 1500000000 + n * 3600, n % 5, 'Post ' || n from generate_series(1, 120) as n;

create index posts_owner on public.posts (owner);

create table public.comments (
  cid    serial primary key,
  pid    integer not null references public.posts (pid) on delete cascade,
  member integer not null default 0,
  body   text
);

insert into public.comments (pid, member, body)
select 1 + n % 120, n % 21, 'Comment ' || n from generate_series(1, 200) as n;
