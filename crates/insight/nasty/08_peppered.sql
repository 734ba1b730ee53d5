-- bcrypt of the password with a pepper behind it, which only the application's configuration knows.
-- Expected: the hashes parse and never verify until the pepper is declared: append-pepper, "a-pepper-of-insight".
-- label: users public.users.id
-- label: credential one@peppered.example peppered-1
-- label: declared public.notes.user_id
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password) values
  ('one@peppered.example', '$2b$10$z/RKkwP/uSA5Se/lWK3fXefcArBOqwziVzfUFREhQo1ZLP4jB0OZ2'),
  ('two@peppered.example', '$2b$10$z/RKkwP/uSA5Se/lWK3fXefcArBOqwziVzfUFREhQo1ZLP4jB0OZ2');

create table public.notes (
  id      serial primary key,
  user_id integer not null references public.users (id),
  body    text
);

insert into public.notes (user_id, body) values (1, 'first'), (2, 'second'), (2, 'third');
