-- One column, four generations: argon2id, bcrypt, PBKDF2 and MD5 with a salt before or behind the password.
-- Expected: classified row by row; the first two are imported, the others verified at their next sign-in or reset.
-- label: users public.people.id
-- label: credential argon@mixed.example argon-1
-- label: credential plain@mixed.example plain-bcrypt-4
-- label: credential django@mixed.example django-5
-- label: credential before@mixed.example ancient-6
-- label: credential behind@mixed.example ancient-7
-- label: declared public.letters.author
create table public.people (
  id       serial primary key,
  email    text not null unique,
  password text,
  salt     text,
  reset    char(32)
);

insert into public.people (email, password, salt, reset) values
  ('argon@mixed.example', '$argon2id$v=19$m=19456,t=2,p=1$aW5zaWdodC1zYWx0LTAwMQ$eMW/e2jRGvUrTAFW4B9YmjgYm4z1xHUaz+gJVqg7/7E', null, null),
  ('plain@mixed.example', '$2b$10$tsn98de9rRJu8k57kir5/urjCQG1qwpvP6QuteS/5qHqG4WwIbEgO', null, null),
  ('django@mixed.example', 'pbkdf2_sha256$26000$insight5salt$6WoRZw7QAyZ97XAllJPmP6q9Me/S8d7/iQktiTTQaAs=', null, null),
  ('before@mixed.example', '03fd0a392f815fdd030f47afdc61f616', 'oldsalt6', 'd41d8cd98f00b204e9800998ecf8427e'),
  ('behind@mixed.example', '81ab38ad2c0b970a8d215f59ca082913', 'oldsalt7', null),
  ('nobody@mixed.example', null, null, null),
  ('locked@mixed.example', '!', null, null);

create table public.letters (
  id     serial primary key,
  author integer references public.people (id) on delete set null
);

insert into public.letters (author) values (1), (2), (3), (4), (5), (null);
