-- A school's platform: prefixed tables, words written as one, times as numbers, no foreign key anywhere.
-- label: users public.mdl_user.id
-- label: undeclared public.mdl_user_enrolments.userid
-- label: undeclared public.mdl_forum_posts.userid
-- label: undeclared public.mdl_grade_grades.userid
-- label: undeclared public.mdl_grade_grades.usermodified
-- label: undeclared public.mdl_message.useridfrom
-- label: undeclared public.mdl_message.useridto
-- label: undeclared public.mdl_log.relateduserid
-- label: undeclared public.mdl_log.userid
-- label: never public.mdl_user_enrolments.enrolid
-- label: never public.mdl_user_enrolments.timestart
-- label: never public.mdl_forum_posts.parent
-- label: never public.mdl_forum_posts.discussion
-- label: never public.mdl_grade_grades.itemid
-- label: never public.mdl_log.objectid
-- label: never public.mdl_log.courseid
create table public.mdl_user (
  id bigserial primary key, auth varchar(20), confirmed smallint, suspended smallint, username varchar(100) unique, password varchar(255),
  firstname varchar(100), lastname varchar(100), email varchar(100), lang varchar(30), lastlogin bigint, timecreated bigint
);
create table public.mdl_user_enrolments (id bigserial primary key, status bigint, enrolid bigint, userid bigint, timestart bigint, timeend bigint);
create table public.mdl_forum_posts (id bigserial primary key, discussion bigint, parent bigint, userid bigint, created bigint, message text);
create table public.mdl_grade_grades (id bigserial primary key, itemid bigint, userid bigint, rawgrade numeric(10, 5), usermodified bigint);
create table public.mdl_message (id bigserial primary key, useridfrom bigint not null default 0, useridto bigint not null default 0, subject text);
create table public.mdl_log (
  id bigserial primary key, eventname varchar(255), objecttable varchar(50), objectid bigint, userid bigint, relateduserid bigint, courseid bigint
);
insert into public.mdl_user (auth, confirmed, suspended, username, password, email)
select 'manual', 1, 0, 'u' || n, '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 'u' || n || '@example.com'
from generate_series(1, 60) as n;
insert into public.mdl_user_enrolments (status, enrolid, userid, timestart)
select 0, 1 + n % 9, 1 + n % 60, 0 from generate_series(1, 120) as n;
insert into public.mdl_forum_posts (discussion, parent, userid, created)
select 1 + n % 14, n % 50, 1 + n % 60, 1700000000 + n from generate_series(1, 150) as n;
insert into public.mdl_grade_grades (itemid, userid, rawgrade, usermodified)
select 1 + n % 12, 1 + n % 60, 5, 2 + n % 3 from generate_series(1, 200) as n;
insert into public.mdl_message (useridfrom, useridto) select 1 + n % 60, 1 + (n * 7) % 60 from generate_series(1, 100) as n;
insert into public.mdl_log (eventname, objecttable, objectid, userid, relateduserid, courseid)
select 'viewed', 'course', 1 + n % 30, 1 + n % 60, case when n % 5 = 0 then 1 + n % 60 end, 1 + n % 8 from generate_series(1, 300) as n;
