-- Join tables as an ORM names them: columns "A" and "B", in the alphabetical order of what they join.
-- Expected: "B" of "_PinnedLinks" follows the user, every other "A" and "B" stays.
-- label: users public."User".id
-- label: declared public."_PinnedLinks"."B"
-- label: declared public."Link"."createdById"
-- label: undeclared public."_Watchers"."B"
-- label: never public."_PinnedLinks"."A"
-- label: never public."_LinkToTag"."A"
-- label: never public."_LinkToTag"."B"
-- label: never public."_Watchers"."A"
create table public."User" (
  id       serial primary key,
  name     text,
  username text unique,
  email    text not null unique,
  password text not null
);

insert into public."User" (name, username, email, password)
select
  'Person ' || n, 'person' || n, 'person' || n || '@example.com',
  '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 10) as n;

create table public."Link" (
  id            serial primary key,
  url           text not null,
  "createdById" integer references public."User" (id) on delete set null on update cascade,
  "createdAt"   timestamp(3) not null default '2024-01-01'
);

insert into public."Link" (url, "createdById")
select 'https://example.com/' || n, 1 + n % 10 from generate_series(1, 30) as n;

create table public."Tag" (
  id   serial primary key,
  name text not null unique
);

insert into public."Tag" (name) select 'tag' || n from generate_series(1, 10) as n;

create table public."_PinnedLinks" (
  "A" integer not null references public."Link" (id) on delete cascade on update cascade,
  "B" integer not null references public."User" (id) on delete cascade on update cascade
);
create unique index "_PinnedLinks_AB_unique" on public."_PinnedLinks" ("A", "B");
create index "_PinnedLinks_B_index" on public."_PinnedLinks" ("B");

insert into public."_PinnedLinks" ("A", "B")
select a, 1 + (a * 7) % 10 from generate_series(1, 30) as a;

create table public."_LinkToTag" (
  "A" integer not null references public."Link" (id) on delete cascade on update cascade,
  "B" integer not null references public."Tag" (id) on delete cascade on update cascade
);
create unique index "_LinkToTag_AB_unique" on public."_LinkToTag" ("A", "B");
create index "_LinkToTag_B_index" on public."_LinkToTag" ("B");

insert into public."_LinkToTag" ("A", "B")
select a, 1 + (a * 3) % 10 from generate_series(1, 30) as a;

-- Restored once from a dump without constraints.
create table public."_Watchers" (
  "A" integer not null,
  "B" integer not null
);
comment on column public."_Watchers"."A" is 'Link.id';
comment on column public."_Watchers"."B" is 'User.id';

insert into public."_Watchers" ("A", "B")
select 10 + a, 1 + (a * 3) % 10 from generate_series(1, 20) as a;
