-- An issue tracker without foreign keys: addresses in a table of their own, trees, watchers of anything.
-- label: users public.users.id
-- label: undeclared public.issues.author_id
-- label: undeclared public.issues.assigned_to_id
-- label: undeclared public.journals.user_id
-- label: undeclared public.watchers.user_id
-- label: undeclared public.attachments.author_id
-- label: undeclared public.members.user_id
-- label: undeclared public.email_addresses.user_id
-- label: undeclared public.tokens.user_id
-- label: undeclared public.time_entries.user_id
-- label: polymorphic public.custom_values.customized_type = 'User', customized_id
-- label: never public.issues.tracker_id
-- label: never public.issues.status_id
-- label: never public.issues.priority_id
-- label: never public.issues.parent_id
-- label: never public.issues.root_id
-- label: never public.issues.lft
-- label: never public.issues.done_ratio
-- label: never public.journals.journalized_id
-- label: never public.watchers.watchable_id
-- label: never public.attachments.container_id
-- label: never public.member_roles.member_id
-- label: never public.member_roles.role_id
-- label: never public.changesets.committer
-- sort: tokens Application
create table public.users (
  id serial primary key, login varchar not null default '', hashed_password varchar(40) not null default '',
  firstname varchar(30), lastname varchar(255), admin boolean not null default false, status integer not null default 1,
  last_login_on timestamp, language varchar(5), auth_source_id integer, created_on timestamp, salt varchar(64)
);
create table public.email_addresses (id serial primary key, user_id integer not null, address varchar not null);
create table public.projects (id serial primary key, name varchar);
create table public.trackers (id serial primary key, name varchar);
create table public.issue_statuses (id serial primary key, name varchar);
create table public.enumerations (id serial primary key, name varchar);
create table public.roles (id serial primary key, name varchar);
create table public.issues (
  id serial primary key, tracker_id integer not null, project_id integer not null, subject varchar, status_id integer not null,
  assigned_to_id integer, priority_id integer not null, author_id integer not null, parent_id integer, root_id integer,
  lft integer, rgt integer, done_ratio integer not null default 0
);
create index index_issues_on_assigned_to_id on public.issues (assigned_to_id);
create index index_issues_on_tracker_id on public.issues (tracker_id);
create table public.journals (
  id serial primary key, journalized_id integer not null default 0, journalized_type varchar(30) not null default '',
  user_id integer not null default 0, notes text
);
create table public.watchers (
  id serial primary key, watchable_type varchar not null default '', watchable_id integer not null default 0, user_id integer
);
create table public.attachments (
  id serial primary key, container_id integer, container_type varchar(30), filename varchar not null default '',
  filesize bigint not null default 0, digest varchar(64) not null default '', downloads integer not null default 0,
  author_id integer not null default 0
);
create table public.members (id serial primary key, user_id integer not null default 0, project_id integer not null default 0);
create table public.member_roles (id serial primary key, member_id integer not null, role_id integer not null, inherited_from integer);
create table public.tokens (id serial primary key, user_id integer not null default 0, action varchar(30), value varchar(40) not null);
create table public.time_entries (
  id serial primary key, project_id integer, user_id integer not null, issue_id integer, hours double precision,
  activity_id integer, tyear integer, tmonth integer
);
create table public.changesets (id serial primary key, revision varchar, committer varchar, comments text);
create table public.custom_values (
  id serial primary key, customized_type varchar(30) not null default '', customized_id integer not null default 0,
  custom_field_id integer not null default 0, value text
);
insert into public.users (login, hashed_password, salt)
select 'u' || n, md5(n::text) || '01234567', md5(n::text) from generate_series(1, 40) as n;
insert into public.email_addresses (user_id, address) select n, 'u' || n || '@example.com' from generate_series(1, 40) as n;
insert into public.projects (name) select 'p' from generate_series(1, 10);
insert into public.trackers (name) select 't' from generate_series(1, 3);
insert into public.issue_statuses (name) select 's' from generate_series(1, 6);
insert into public.enumerations (name) select 'e' from generate_series(1, 8);
insert into public.roles (name) select 'r' from generate_series(1, 5);
insert into public.issues (tracker_id, project_id, status_id, assigned_to_id, priority_id, author_id, parent_id, root_id, lft, rgt, done_ratio)
select 1 + n % 3, 1 + n % 10, 1 + n % 6, case when n % 4 > 0 then 1 + (n * 3) % 40 end, 1 + n % 8, 1 + n % 40,
       case when n > 10 then n % 10 + 1 end, n % 10 + 1, 1, 2, 10 * (n % 11)
from generate_series(1, 120) as n;
insert into public.journals (journalized_id, journalized_type, user_id) select 1 + n % 120, 'Issue', 1 + n % 40 from generate_series(1, 150) as n;
insert into public.watchers (watchable_type, watchable_id, user_id) select 'Issue', 1 + n % 120, 1 + n % 40 from generate_series(1, 60) as n;
insert into public.attachments (container_id, container_type, author_id) select 1 + n % 40, 'Issue', 1 + n % 40 from generate_series(1, 30) as n;
insert into public.members (user_id, project_id) select n, 1 + n % 10 from generate_series(1, 40) as n;
insert into public.member_roles (member_id, role_id) select n, 1 + n % 5 from generate_series(1, 40) as n;
insert into public.tokens (user_id, action, value) select n, 'feeds', md5(n::text) from generate_series(1, 20) as n;
insert into public.time_entries (project_id, user_id, issue_id, hours, activity_id, tyear, tmonth)
select 1 + n % 10, 1 + n % 40, 1 + n % 120, 1.5, 1 + n % 8, 2024, 1 + n % 12 from generate_series(1, 90) as n;
insert into public.changesets (revision, committer) select md5(n::text), 'Ada <u' || n || '@example.com>' from generate_series(1, 20) as n;
insert into public.custom_values (customized_type, customized_id, custom_field_id, value)
select case n % 2 when 0 then 'User' else 'Issue' end, 1 + n % 40, 1 + n % 4, 'v' from generate_series(1, 60) as n;
