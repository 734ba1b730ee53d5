-- Tenants with users of their own: the same address in two of them, references by tenant and user together.
-- Expected: a conflict of addresses that is asked about; composite keys keep both columns, only one is converted.
-- label: users public.users.id
-- label: composite public.tasks.assignee_id
-- label: composite public.comments.author_id
-- label: undeclared public.activity.user_id
-- label: never public.tasks.tenant_id
-- label: never public.users.tenant_id
create table public.tenants (
  id   serial primary key,
  name text not null unique
);
insert into public.tenants (name) select 'Tenant ' || n from generate_series(1, 3) as n;

create table public.users (
  tenant_id     integer not null references public.tenants (id),
  id            integer generated always as identity unique,
  email         text not null,
  password_hash text not null,
  primary key (tenant_id, id),
  unique (tenant_id, email)
);

insert into public.users (tenant_id, email, password_hash)
select
  1 + n % 3,
  case when n > 15 then 'both@example.com' else 'tenant-user' || n || '@example.com' end,
  '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq'
from generate_series(1, 17) as n;

create table public.tasks (
  tenant_id   integer not null,
  id          integer generated always as identity,
  assignee_id integer,
  title       text,
  primary key (tenant_id, id),
  foreign key (tenant_id, assignee_id) references public.users (tenant_id, id)
);

insert into public.tasks (tenant_id, assignee_id, title)
select u.tenant_id, case when n < 4 then u.id end, 'Task ' || n
from public.users as u, generate_series(1, 4) as n order by u.id, n;

create table public.comments (
  id        serial primary key,
  tenant_id integer not null,
  task_id   integer not null,
  author_id integer not null,
  body      text,
  foreign key (tenant_id, task_id) references public.tasks (tenant_id, id) on delete cascade,
  foreign key (tenant_id, author_id) references public.users (tenant_id, id)
);

insert into public.comments (tenant_id, task_id, author_id, body)
select t.tenant_id, t.id, coalesce(t.assignee_id, (select min(u.id) from public.users as u where u.tenant_id = t.tenant_id)), 'Done?'
from public.tasks as t order by t.id;

create table public.activity (
  id        bigserial primary key,
  tenant_id integer not null,
  user_id   integer not null,
  what      text not null
);

insert into public.activity (tenant_id, user_id, what)
select u.tenant_id, u.id, 'did ' || n from public.users as u, generate_series(1, 5) as n order by u.id, n;
