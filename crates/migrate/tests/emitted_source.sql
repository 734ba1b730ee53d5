-- An application with everything that stands in a conversion's way, under names that nobody should trust.
create table public.users (
  id            serial primary key,
  email         varchar not null unique,
  password_hash varchar not null,
  full_name     varchar,
  is_active     boolean default true,
  created_at    timestamp
);
insert into public.users (email, password_hash, full_name, created_at)
select 'user' || n || '@example.com', '$2b$12$' || repeat('abcdefghijklmnopqrstuvwxyz', 2) || 'u', 'User ' || n, '2024-01-01'
from generate_series(1, 40) n;

create table public."Notes; drop table users; --" (
  id          serial primary key,
  user_id     integer not null references public.users (id) on delete cascade,
  body        text,
  shared_with integer[],
  extra       jsonb,
  edited_by   integer,
  edited_at   timestamp
);
create index on public."Notes; drop table users; --" (user_id);
create index notes_edited on public."Notes; drop table users; --" (edited_by) where body is not null;
insert into public."Notes; drop table users; --" (user_id, body, shared_with, extra, edited_by)
select 1 + n % 40, 'it''s note ' || n, array[1 + n % 7, null, 2 + n % 5],
       jsonb_build_object('shared_with', jsonb_build_array(1 + n % 11, 1 + n % 3), 'price', 1.50),
       nullif(1 + n % 41, 41)
from generate_series(1, 300) n;
-- Nobody is 4711.
update public."Notes; drop table users; --"
set edited_by = 4711
where id in (5, 6, 7);

create view public.notes_by_user as
select u.email, count(*) as notes
from public.users u
join public."Notes; drop table users; --" n on n.user_id = u.id
group by u.email;

create function public.note_edited() returns trigger language plpgsql as $$
begin
  new.edited_at := now();
  return new;
end
$$;
create trigger note_edited before update on public."Notes; drop table users; --"
  for each row execute function public.note_edited();

create function public.notes_of(integer) returns bigint language sql stable as $$
  select count(*) from public."Notes; drop table users; --" where user_id = $1
$$;
analyze;
