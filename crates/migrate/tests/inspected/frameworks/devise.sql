-- As Rails makes it with Devise, counter caches, polymorphic associations and without foreign keys.
-- label: users public.users.id
-- label: undeclared public.posts.user_id
-- label: undeclared public.posts.editor_id
-- label: undeclared public.users.invited_by_id
-- label: undeclared public.memberships.user_id
-- label: polymorphic public.comments.author_type = 'User', author_id
-- label: polymorphic public.versions.item_type = 'User', item_id
-- label: undeclared public.versions.whodunnit
-- label: never public.users.sign_in_count
-- label: never public.posts.category_id
-- label: never public.posts.comments_count
-- label: never public.posts.position
-- label: never public.memberships.group_id
-- label: never public.active_storage_attachments.record_id
-- sort: schema_migrations Bookkeeping
-- sort: ar_internal_metadata Bookkeeping
-- sort: sessions AuthPlumbing
create table public.schema_migrations (version varchar primary key);
create table public.ar_internal_metadata (key varchar primary key, value varchar);
create table public.users (
  id bigserial primary key,
  email varchar not null default '',
  encrypted_password varchar not null default '',
  reset_password_token varchar, reset_password_sent_at timestamp, remember_created_at timestamp,
  sign_in_count integer not null default 0, current_sign_in_at timestamp, last_sign_in_at timestamp,
  current_sign_in_ip varchar, confirmation_token varchar, confirmed_at timestamp, unconfirmed_email varchar,
  failed_attempts integer not null default 0, unlock_token varchar, locked_at timestamp,
  otp_secret varchar, invited_by_id bigint, first_name varchar, last_name varchar,
  created_at timestamp not null, updated_at timestamp not null
);
create unique index index_users_on_email on public.users (email);
create table public.sessions (id bigserial primary key, session_id varchar not null, data text, expires_at timestamp);
create table public.categories (id bigserial primary key, name varchar);
create table public.groups (id bigserial primary key, name varchar);
create table public.posts (
  id bigserial primary key, user_id bigint not null, editor_id bigint, category_id bigint,
  title varchar, comments_count integer not null default 0, position integer, status integer not null default 0
);
create index index_posts_on_user_id on public.posts (user_id);
create table public.memberships (id bigserial primary key, user_id bigint, group_id bigint);
create table public.comments (
  id bigserial primary key, author_type varchar, author_id bigint, body text
);
create table public.versions (
  id bigserial primary key, item_type varchar not null, item_id bigint not null, event varchar not null,
  whodunnit varchar, object jsonb
);
create table public.active_storage_attachments (
  id bigserial primary key, name varchar not null, record_type varchar not null, record_id bigint not null
);
insert into public.users (email, encrypted_password, invited_by_id, sign_in_count, created_at, updated_at)
select 'u' || n || '@example.com', '$2a$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
       nullif((n / 2) % 15, 0), n % 4, now(), now()
from generate_series(1, 30) as n;
insert into public.categories (name) select 'c' || n from generate_series(1, 8) as n;
insert into public.groups (name) select 'g' || n from generate_series(1, 8) as n;
insert into public.posts (user_id, editor_id, category_id, title, comments_count, position, status)
select 1 + n % 30, case when n % 3 = 0 then 1 + n % 30 end, 1 + n % 8, 't', n % 5, n % 9, n % 3
from generate_series(1, 100) as n;
insert into public.memberships (user_id, group_id) select 1 + n % 30, 1 + n % 8 from generate_series(1, 40) as n;
insert into public.comments (author_type, author_id) select case n % 2 when 0 then 'User' else 'Group' end, 1 + n % 8
from generate_series(1, 40) as n;
insert into public.versions (item_type, item_id, event, whodunnit)
select case n % 5 when 0 then 'User' else 'Post' end, 1 + n % 30, 'update', (1 + n % 30)::text
from generate_series(1, 60) as n;
insert into public.active_storage_attachments (name, record_type, record_id)
select 'file', 'Post', 1 + n % 30 from generate_series(1, 20) as n;
