-- A hand-made forum: ids with gaps, a member table, counters, foreign ids of other services, JSON in text, sentinels.
-- label: users public.forum_members.member_id
-- label: undeclared public.threads.started_by
-- label: undeclared public.threads.last_poster
-- label: undeclared public.posts.member_id
-- label: undeclared public.bans.banned_member
-- label: undeclared public.bans.moderator
-- label: undeclared public.private_messages.from_member
-- label: undeclared public.private_messages.to_member
-- label: array public.threads.subscribers
-- label: json public.threads.settings -> allowed_user_ids[*]
-- label: never public.forum_members.post_count
-- label: never public.forum_members.member_level
-- label: never public.forum_members.discord_user_id
-- label: never public.threads.views
-- label: never public.threads.member_count
-- label: never public.posts.thread_id
-- label: never public.posts.likes
create table public.forum_members (
  member_id integer primary key, login varchar(40) unique, mail varchar(120), pwd_hash varchar(200), post_count integer,
  member_level integer, discord_user_id bigint, joined_at timestamp, banned boolean not null default false
);
insert into public.forum_members
select 1000 + n * 37, 'm' || n, 'm' || n || '@example.com', '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
       n % 50, n % 5, 80351110224678912 + n, now(), n % 9 = 0 from generate_series(1, 60) as n;
create table public.threads (
  id serial primary key, started_by integer not null default 0, last_poster integer, views integer, member_count integer,
  subscribers integer[], settings text
);
insert into public.threads (started_by, last_poster, views, member_count, subscribers, settings)
select case when n % 10 = 0 then 0 else 1000 + (1 + n % 60) * 37 end, 1000 + (1 + (n * 7) % 60) * 37, n * 3, n % 60,
       array[1000 + (1 + n % 60) * 37], '{"allowed_user_ids": ["' || 1000 + (1 + n % 60) * 37 || '"], "sticky": 1}'
from generate_series(1, 80) as n;
create table public.posts (id serial primary key, thread_id integer, member_id integer, likes integer, body text);
insert into public.posts (thread_id, member_id, likes, body)
select 1 + n % 80, 1000 + (1 + (n * 11) % 60) * 37, n % 4, '[b]hello[/b]' from generate_series(1, 300) as n;
create table public.bans (id serial primary key, banned_member integer, moderator integer, days integer);
insert into public.bans (banned_member, moderator, days)
select 1000 + n * 9 * 37, 1000 + 37, 7 * n from generate_series(1, 6) as n;
create table public.private_messages (id serial primary key, from_member integer, to_member integer, body text);
insert into public.private_messages (from_member, to_member)
select 1000 + (1 + n % 60) * 37, 1000 + (1 + (n * 13) % 60) * 37 from generate_series(1, 100) as n;
