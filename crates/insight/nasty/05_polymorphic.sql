-- Owners of either kind, told apart by a text; the ids of users and organizations overlap.
-- Expected: only the rows whose type denotes users are converted, the others keep their ids.
-- label: users public.users.id
-- label: polymorphic public.projects.owner_type = 'User', owner_id
-- label: polymorphic public.attachments.attachable_type = 'App\Models\User', attachable_id
-- label: polymorphic public.notifications.subject_kind = 'user', subject_id
-- label: declared public.memberships.user_id
-- label: never public.memberships.organization_id
-- label: never public.taggings.taggable_id
create table public.users (
  id                 bigserial primary key,
  email              varchar not null unique,
  encrypted_password varchar not null,
  created_at         timestamp not null default '2024-01-01'
);

insert into public.users (email, encrypted_password)
select 'owner' || n || '@example.com', '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq'
from generate_series(1, 12) as n;

create table public.organizations (
  id   bigserial primary key,
  name varchar not null
);

insert into public.organizations (name) select 'Organization ' || n from generate_series(1, 12) as n;

create table public.memberships (
  id              bigserial primary key,
  user_id         bigint not null references public.users (id),
  organization_id bigint not null references public.organizations (id)
);

insert into public.memberships (user_id, organization_id)
select n, 1 + (n * 5) % 12 from generate_series(1, 12) as n;

create table public.projects (
  id         bigserial primary key,
  owner_type varchar not null,
  owner_id   bigint not null,
  name       varchar
);
create index index_projects_on_owner on public.projects (owner_type, owner_id);

insert into public.projects (owner_type, owner_id, name)
select case n % 2 when 0 then 'User' else 'Organization' end, 1 + n % 12, 'Project ' || n
from generate_series(1, 48) as n;

create table public.attachments (
  id              bigserial primary key,
  attachable_type varchar,
  attachable_id   bigint,
  path            varchar not null
);

insert into public.attachments (attachable_type, attachable_id, path)
select
  (array['App\Models\User', 'App\Models\Project', null])[1 + n % 3],
  case when n % 3 < 2 then 1 + n % 12 end,
  '/uploads/' || (1 + n % 12) || '/' || n || '.png'
from generate_series(1, 60) as n;

create table public.notifications (
  id           bigserial primary key,
  subject_kind text not null,
  subject_id   text not null,
  body         text
);

insert into public.notifications (subject_kind, subject_id, body)
select
  case n % 2 when 0 then 'user' else 'team' end,
  case n % 2 when 0 then (1 + n % 12)::text else 'T-' || n end,
  'Something happened'
from generate_series(1, 40) as n;

-- Polymorphic too, yet never about users.
create table public.taggings (
  id            bigserial primary key,
  tag_id        bigint not null,
  taggable_type varchar not null,
  taggable_id   bigint not null
);

insert into public.taggings (tag_id, taggable_type, taggable_id)
select 1 + n % 5, 'Project', 1 + n % 12 from generate_series(1, 40) as n;
