-- A chat with opaque ids of 26 letters, words written as one, counters and numbers beside them.
-- label: users public.users.id
-- label: undeclared public.posts.userid
-- label: undeclared public.channels.creatorid
-- label: undeclared public.channelmembers.userid
-- label: undeclared public.reactions.userid
-- label: undeclared public.fileinfo.creatorid
-- label: undeclared public.status.userid
-- label: never public.posts.channelid
-- label: never public.posts.rootid
-- label: never public.channels.teamid
-- label: never public.posts.createat
-- label: never public.channelmembers.mentioncount
create table public.users (
  id varchar(26) primary key, createat bigint, updateat bigint, deleteat bigint, username varchar(64) unique, password varchar(128),
  email varchar(128) unique, emailverified boolean, nickname varchar(64), firstname varchar(64), lastname varchar(64), roles varchar(256),
  locale varchar(5), mfasecret varchar(128)
);
create table public.teams (id varchar(26) primary key, name varchar(64));
create table public.channels (id varchar(26) primary key, teamid varchar(26), name varchar(64), creatorid varchar(26), totalmsgcount bigint);
create table public.posts (
  id varchar(26) primary key, createat bigint, userid varchar(26), channelid varchar(26), rootid varchar(26), message text
);
create table public.channelmembers (channelid varchar(26), userid varchar(26), mentioncount bigint, primary key (channelid, userid));
create table public.reactions (userid varchar(26), postid varchar(26), emojiname varchar(64), primary key (postid, userid, emojiname));
create table public.fileinfo (id varchar(26) primary key, creatorid varchar(26), postid varchar(26), size bigint);
create table public.status (userid varchar(26) primary key, status varchar(32), lastactivityat bigint);
create function pg_temp.key(kind text, n bigint) returns varchar language sql as $$
  select left(translate(md5(kind || n), '0123456789', 'ghijkmnopq'), 26)
$$;
insert into public.users (id, username, password, email, roles)
select pg_temp.key('u', n), 'u' || n, '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 'u' || n || '@example.com', 'user'
from generate_series(1, 30) as n;
insert into public.teams select pg_temp.key('t', n), 't' || n from generate_series(1, 5) as n;
insert into public.channels (id, teamid, name, creatorid, totalmsgcount)
select pg_temp.key('c', n), pg_temp.key('t', 1 + n % 5), 'c', case when n % 7 > 0 then pg_temp.key('u', 1 + n % 30) else '' end, n
from generate_series(1, 20) as n;
insert into public.posts (id, createat, userid, channelid, rootid)
select pg_temp.key('p', n), 1700000000000 + n, pg_temp.key('u', 1 + n % 30), pg_temp.key('c', 1 + n % 20),
       case when n % 3 = 0 then pg_temp.key('p', n - 1) else '' end from generate_series(1, 100) as n;
insert into public.channelmembers select pg_temp.key('c', 1 + n % 20), pg_temp.key('u', 1 + n % 30), n % 4 from generate_series(1, 60) as n;
insert into public.reactions select pg_temp.key('u', 1 + n % 30), pg_temp.key('p', n), 'smile' from generate_series(1, 50) as n;
insert into public.fileinfo select pg_temp.key('f', n), pg_temp.key('u', 1 + n % 30), pg_temp.key('p', n), n from generate_series(1, 20) as n;
insert into public.status select pg_temp.key('u', n), 'away', 1700000000000 from generate_series(1, 30) as n;
