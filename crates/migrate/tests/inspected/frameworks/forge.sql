-- A forge without foreign keys, whose table of users has a reserved name; times are numbers.
-- label: users public.user.id
-- label: undeclared public.repository.owner_id
-- label: undeclared public.issue.poster_id
-- label: undeclared public.comment.poster_id
-- label: undeclared public.comment.assignee_id
-- label: undeclared public.star.uid
-- label: undeclared public.action.user_id
-- label: undeclared public.action.act_user_id
-- label: undeclared public.attachment.uploader_id
-- label: undeclared public.pull_request.merger_id
-- label: undeclared public.release.publisher_id
-- label: undeclared public.review.reviewer_id
-- label: undeclared public.two_factor.uid
-- label: undeclared public.notification.updated_by
-- label: never public.repository.num_stars
-- label: never public.issue.repo_id
-- label: never public.issue.milestone_id
-- label: never public.issue.num_comments
-- label: never public.issue.created_unix
-- label: never public.comment.issue_id
-- label: never public.comment.label_id
-- label: never public.action.op_type
-- label: never public.release.sha1
create table public."user" (
  id bigserial primary key, lower_name varchar(255) not null unique, name varchar(255) not null unique, full_name varchar(255),
  email varchar(255) not null, passwd varchar(255) not null, passwd_hash_algo varchar(255), login_type integer,
  login_source bigint not null default 0, salt varchar(32), language varchar(5), created_unix bigint, last_login_unix bigint,
  is_active boolean, is_admin boolean, num_followers integer, num_repos integer
);
create table public.repository (
  id bigserial primary key, owner_id bigint, owner_name varchar(255), name varchar(255), num_stars integer, num_watches integer
);
create table public.milestone (id bigserial primary key, repo_id bigint, name varchar(255));
create table public.label (id bigserial primary key, repo_id bigint, name varchar(255));
create table public.issue (
  id bigserial primary key, repo_id bigint, "index" bigint, poster_id bigint, milestone_id bigint, priority integer,
  is_closed boolean, num_comments integer, created_unix bigint
);
create index "IDX_issue_poster_id" on public.issue (poster_id);
create table public.comment (
  id bigserial primary key, type integer, poster_id bigint, issue_id bigint, label_id bigint, assignee_id bigint, line bigint
);
create table public.star (id bigserial primary key, uid bigint, repo_id bigint);
create table public.action (id bigserial primary key, user_id bigint, op_type integer, act_user_id bigint, repo_id bigint);
create table public.attachment (id bigserial primary key, uuid varchar(40), repo_id bigint, uploader_id bigint default 0, size bigint);
create table public.pull_request (id bigserial primary key, issue_id bigint, "index" bigint, merger_id bigint);
create table public.release (id bigserial primary key, repo_id bigint, publisher_id bigint, tag_name varchar(255), sha1 varchar(64));
create table public.review (id bigserial primary key, type integer, reviewer_id bigint, issue_id bigint);
create table public.two_factor (id bigserial primary key, uid bigint unique, secret text, scratch_hash varchar(255));
create table public.notification (id bigserial primary key, updated_by bigint not null, status smallint not null);
insert into public."user" (lower_name, name, email, passwd, salt, passwd_hash_algo)
select 'u' || n, 'U' || n, 'u' || n || '@example.com', md5(n::text) || md5(n::text) || md5(n::text) || '0123', 's', 'pbkdf2'
from generate_series(1, 50) as n;
insert into public.repository (owner_id, owner_name, name, num_stars) select 1 + n % 50, 'x', 'r', n % 7 from generate_series(1, 60) as n;
insert into public.milestone (repo_id, name) select 1 + n % 60, 'm' from generate_series(1, 15) as n;
insert into public.label (repo_id, name) select 1 + n % 60, 'l' from generate_series(1, 15) as n;
insert into public.issue (repo_id, "index", poster_id, milestone_id, priority, num_comments, created_unix)
select 1 + n % 60, n % 20, 1 + (n * 7) % 50, n % 15, 0, n % 6, 1700000000 + n from generate_series(1, 200) as n;
insert into public.comment (type, poster_id, issue_id, label_id, assignee_id, line)
select n % 20, 1 + n % 50, 1 + n % 200, n % 15, n % 10, n % 40 from generate_series(1, 300) as n;
insert into public.star (uid, repo_id) select 1 + n % 50, 1 + n % 60 from generate_series(1, 90) as n;
insert into public.action (user_id, op_type, act_user_id, repo_id)
select 1 + n % 50, n % 25, 1 + (n * 3) % 50, 1 + n % 60 from generate_series(1, 200) as n;
insert into public.attachment (uuid, repo_id, uploader_id, size)
select md5(n::text), 1 + n % 60, n % 20, n * 11 from generate_series(1, 60) as n;
insert into public.pull_request (issue_id, "index", merger_id) select n, n % 20, 1 + n % 50 from generate_series(1, 40) as n;
insert into public.release (repo_id, publisher_id, sha1) select 1 + n % 60, 1 + n % 50, md5(n::text) from generate_series(1, 40) as n;
insert into public.review (type, reviewer_id, issue_id) select n % 3, 1 + n % 50, 1 + n % 200 from generate_series(1, 80) as n;
insert into public.two_factor (uid) select n * 2 from generate_series(1, 10) as n;
insert into public.notification (updated_by, status) select 1 + n % 50, n % 3 from generate_series(1, 60) as n;
