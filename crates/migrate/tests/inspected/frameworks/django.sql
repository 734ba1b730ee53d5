-- As Django makes it: auth_user, groups and permissions, a log by content type.
-- label: users public.auth_user.id
-- label: declared public.auth_user_groups.user_id
-- label: declared public.django_admin_log.user_id
-- label: declared public.blog_article.author_id
-- label: undeclared public.blog_article.last_edited_by
-- label: undeclared public.blog_reading.reader_user
-- label: never public.auth_user_groups.group_id
-- label: never public.django_admin_log.content_type_id
-- label: never public.django_admin_log.object_id
-- label: never public.django_admin_log.action_flag
-- label: never public.blog_reading.article_id
-- sort: django_migrations Bookkeeping
-- sort: django_session AuthPlumbing
create table public.django_migrations (id serial primary key, app varchar(255) not null, name varchar(255) not null);
create table public.django_session (session_key varchar(40) primary key, session_data text not null, expire_date timestamptz not null);
create table public.django_content_type (id serial primary key, app_label varchar(100) not null, model varchar(100) not null);
create table public.auth_group (id serial primary key, name varchar(150) not null unique);
create table public.auth_user (
  id serial primary key, password varchar(128) not null, last_login timestamptz, is_superuser boolean not null,
  username varchar(150) not null unique, first_name varchar(150) not null, last_name varchar(150) not null,
  email varchar(254) not null, is_staff boolean not null, is_active boolean not null, date_joined timestamptz not null
);
create table public.auth_user_groups (
  id serial primary key, user_id integer not null references public.auth_user deferrable initially deferred,
  group_id integer not null references public.auth_group deferrable initially deferred
);
create table public.django_admin_log (
  id serial primary key, action_time timestamptz not null, object_id text, object_repr varchar(200) not null,
  action_flag smallint not null, change_message text not null,
  content_type_id integer references public.django_content_type, user_id integer not null references public.auth_user
);
create table public.blog_article (
  id serial primary key, title varchar(200), author_id integer not null references public.auth_user, last_edited_by integer
);
create table public.blog_reading (id serial primary key, reader_user integer, article_id integer, minutes integer);
insert into public.auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
select 'pbkdf2_sha256$600000$salt$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', false, 'u' || n, 'f', 'l',
       'u' || n || '@example.com', false, true, now() from generate_series(1, 20) as n;
insert into public.auth_group (name) select 'g' || n from generate_series(1, 4) as n;
insert into public.auth_user_groups (user_id, group_id) select n, 1 + n % 4 from generate_series(1, 20) as n;
insert into public.django_content_type (app_label, model) values ('auth', 'user'), ('blog', 'article');
insert into public.django_admin_log (action_time, object_id, object_repr, action_flag, change_message, content_type_id, user_id)
select now(), n::text, 'x', 1 + n % 3, '[{"changed": {"fields": ["title"]}}]', 2, 1 + n % 20 from generate_series(1, 30) as n;
insert into public.blog_article (title, author_id, last_edited_by) select 't', 1 + n % 20, 1 + (n * 3) % 20 from generate_series(1, 40) as n;
insert into public.blog_reading (reader_user, article_id, minutes) select 1 + n % 20, 1 + n % 40, n % 9 from generate_series(1, 80) as n;
