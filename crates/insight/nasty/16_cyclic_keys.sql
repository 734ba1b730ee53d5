-- Keys in a circle and in the table itself, some checked only at the end of the transaction.
-- Expected: everything loads in any order; deferrability is preserved.
-- label: users public.users.id
-- label: declared public.users.manager_id
-- label: declared public.teams.owner_id
-- label: declared public.teams.deputy_id
-- label: declared public.messages.sender_id
-- label: never public.users.current_team_id
-- label: never public.messages.reply_to
create table public.users (
  id              serial primary key,
  email           text not null unique,
  password_digest text not null,
  manager_id      integer,
  current_team_id integer not null
);

create table public.teams (
  id        serial primary key,
  name      text not null,
  owner_id  integer not null constraint teams_owner_fkey
    references public.users (id) deferrable initially deferred,
  deputy_id integer constraint teams_deputy_fkey
    references public.users (id) on delete set null deferrable initially immediate
);

alter table public.users
  add constraint users_manager_fkey foreign key (manager_id) references public.users (id),
  add constraint users_team_fkey foreign key (current_team_id) references public.teams (id)
    deferrable initially deferred;

create table public.messages (
  id        serial primary key,
  sender_id integer not null references public.users (id) on delete cascade,
  reply_to  integer references public.messages (id) on delete set null,
  body      text
);

do $$
begin
  -- One statement each, the keys being looked at only when the transaction ends.
  insert into public.users (email, password_digest, manager_id, current_team_id)
  select
    'circle' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau',
    case when n > 1 then n / 2 end, 1 + n % 4
  from generate_series(1, 16) as n;
  insert into public.teams (name, owner_id, deputy_id)
  select 'Team ' || n, n * 3, nullif(n - 1, 0) from generate_series(1, 4) as n;
  insert into public.messages (sender_id, reply_to, body)
  select 1 + n % 16, nullif(n / 2, 0), 'Message ' || n from generate_series(1, 40) as n;
end
$$;
