-- As Prisma makes it: quoted camel case, implicit join tables, an account per provider, arrays.
-- label: users public."User".id
-- label: declared public."Account"."userId"
-- label: declared public."Session"."userId"
-- label: declared public."Post"."authorId"
-- label: declared public."_PostToUser"."B"
-- label: undeclared public."Like"."userId"
-- label: array public."Channel"."memberIds"
-- label: json public."Post".meta -> reviewedBy
-- label: never public."_PostToUser"."A"
-- label: never public."Like"."postId"
-- label: never public."Channel"."tagOrder"
-- label: never public."Post".views
-- sort: _prisma_migrations Bookkeeping
-- sort: Session AuthPlumbing
create table public."_prisma_migrations" (id varchar(36) primary key, checksum varchar(64) not null, migration_name varchar(255) not null);
create table public."User" (
  id serial primary key, name text, email text, "emailVerified" timestamp(3), "hashedPassword" text,
  image text, role text not null default 'user', "createdAt" timestamp(3) not null default now()
);
create unique index "User_email_key" on public."User" (email);
create table public."Account" (
  id serial primary key, "userId" integer not null references public."User" on delete cascade, provider text not null,
  "providerAccountId" text not null, access_token text
);
create table public."Session" (
  id serial primary key, "sessionToken" text not null unique, "userId" integer not null references public."User" on delete cascade,
  expires timestamp(3) not null
);
create table public."Post" (
  id serial primary key, title text, "authorId" integer not null references public."User", views integer not null default 0,
  meta jsonb
);
create table public."_PostToUser" (
  "A" integer not null references public."Post" on delete cascade, "B" integer not null references public."User" on delete cascade
);
create table public."Like" (
  "userId" integer not null, "postId" integer not null, primary key ("userId", "postId")
);
create table public."Channel" (id serial primary key, "memberIds" integer[], "tagOrder" integer[]);
insert into public."User" (name, email, "hashedPassword")
select 'n' || n, 'u' || n || '@example.com', '$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
from generate_series(1, 20) as n;
insert into public."Account" ("userId", provider, "providerAccountId")
select n, 'github', (100000 + n)::text from generate_series(1, 10) as n;
insert into public."Post" (title, "authorId", views, meta)
select 't', 1 + n % 20, n % 7, jsonb_build_object('reviewedBy', 1 + n % 20, 'stars', n % 5) from generate_series(1, 40) as n;
insert into public."_PostToUser" select n, 1 + n % 20 from generate_series(1, 20) as n;
insert into public."Like" select 1 + n % 20, n from generate_series(1, 40) as n;
insert into public."Channel" ("memberIds", "tagOrder") select array[1 + n % 20, 1 + (n * 3) % 20], array[3, 1, 2]
from generate_series(1, 10) as n;
