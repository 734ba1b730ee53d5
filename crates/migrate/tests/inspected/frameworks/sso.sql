-- Users by UUID as text, credentials and facts in side tables, realms as tenants, logs without keys.
-- label: users public.user_entity.id
-- label: declared public.credential.user_id
-- label: declared public.user_attribute.user_id
-- label: undeclared public.event_entity.user_id
-- label: undeclared public.offline_user_session.user_id
-- label: never public.user_entity.realm_id
-- label: never public.event_entity.realm_id
-- label: never public.event_entity.client_id
-- label: never public.user_entity.service_account_client_link
create table public.realm (id varchar(36) primary key, name varchar(255));
create table public.user_entity (
  id varchar(36) primary key, email varchar(255), email_constraint varchar(255), email_verified boolean not null default false,
  enabled boolean not null default false, first_name varchar(255), last_name varchar(255), realm_id varchar(255), username varchar(255),
  created_timestamp bigint, service_account_client_link varchar(255)
);
create table public.credential (
  id varchar(36) primary key, type varchar(255), user_id varchar(36) references public.user_entity, password varchar(255), priority integer
);
create table public.user_attribute (id varchar(36) primary key, name varchar(255), value varchar(255), user_id varchar(36) not null references public.user_entity);
create table public.event_entity (id varchar(36) primary key, client_id varchar(255), realm_id varchar(255), user_id varchar(255), type varchar(255));
create table public.offline_user_session (user_session_id varchar(36) primary key, user_id varchar(255) not null, realm_id varchar(36), data text);
insert into public.realm values (md5('r')::uuid::text, 'main');
insert into public.user_entity (id, email, username, realm_id, enabled)
select md5('u' || n)::uuid::text, 'u' || n || '@example.com', 'u' || n, md5('r')::uuid::text, true from generate_series(1, 30) as n;
insert into public.credential select md5('c' || n)::uuid::text, 'password', md5('u' || n)::uuid::text,
  '$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWRWJTmaaJObG', 10 from generate_series(1, 30) as n;
insert into public.user_attribute select md5('a' || n)::uuid::text, 'color', 'blue', md5('u' || n)::uuid::text from generate_series(1, 10) as n;
insert into public.event_entity select md5('e' || n)::uuid::text, 'web', md5('r')::uuid::text, md5('u' || (1 + n % 30))::uuid::text, 'LOGIN'
from generate_series(1, 60) as n;
insert into public.offline_user_session select md5('s' || n)::uuid::text, md5('u' || n)::uuid::text, md5('r')::uuid::text, '{}' from generate_series(1, 8) as n;
