-- Quoted mixed case, reserved words, names of 63 bytes, non-ASCII names, names with quotes and semicolons, and two
-- schemas with the same table name.
-- Expected: names survive to the letter; only what is labelled is converted.
-- label: users public."User"."Id"
-- label: declared public."order"."user"
-- label: declared "Second Schema"."order"."user"
-- label: declared public."équipe_été"."propriétaire"
-- label: declared public."we""ird; drop table ""User""; --"."who; is ""it""?"
-- label: undeclared public."a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be_63by"."the_user_id_in_a_column_whose_name_is_as_long_as_it_can_be_63by"
-- label: never public."order"."from"
-- label: never public."order"."to"
create table public."User" (
  "Id"        serial primary key,
  "E-Mail"    varchar(255) not null unique,
  "PassWord"  varchar(60) not null,
  "group"     text not null default 'user',
  "CreatedAt" timestamp not null default '2024-01-01'
);

insert into public."User" ("E-Mail", "PassWord", "group")
select 'person' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau', case n when 1 then 'admin' else 'user' end
from generate_series(1, 12) as n;

create table public."order" (
  "id"    serial primary key,
  "user"  integer not null references public."User" ("Id") on delete cascade,
  "from"  integer not null,
  "to"    integer not null,
  "table" text,
  "check" boolean check ("check" is not false)
);

insert into public."order" ("user", "from", "to", "table")
select 1 + n % 12, n % 3, n % 4, 'a' || n from generate_series(1, 40) as n;

create schema "Second Schema";

create table "Second Schema"."order" (
  "id"   serial primary key,
  "user" integer references public."User" ("Id") on delete set null,
  "note" text
);

insert into "Second Schema"."order" ("user", "note")
select nullif(n % 13, 0), 'other ' || n from generate_series(1, 30) as n;

create table public."équipe_été" (
  "clé"          serial primary key,
  "propriétaire" integer not null references public."User" ("Id"),
  "名前"         text
);

insert into public."équipe_été" ("propriétaire", "名前")
select 1 + n % 12, 'チーム' || n from generate_series(1, 15) as n;

create table public."we""ird; drop table ""User""; --" (
  "id"              serial primary key,
  "who; is ""it""?" integer references public."User" ("Id"),
  "C:\path"         text default 'it''s; a "default"'
);

insert into public."we""ird; drop table ""User""; --" ("who; is ""it""?")
select 1 + n % 12 from generate_series(1, 15) as n;

create index "an index; with ""quotes""" on public."we""ird; drop table ""User""; --" ("who; is ""it""?");

create table public."a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be_63by" (
  "id" serial primary key,
  "the_user_id_in_a_column_whose_name_is_as_long_as_it_can_be_63by" integer not null
);

insert into public."a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be_63by"
  ("the_user_id_in_a_column_whose_name_is_as_long_as_it_can_be_63by")
select 1 + n % 12 from generate_series(1, 36) as n;
