-- A help desk of many tenants: accounts are customers' companies, people and robots write messages.
-- label: users public.users.id
-- label: undeclared public.account_users.user_id
-- label: undeclared public.account_users.inviter_id
-- label: undeclared public.conversations.assignee_id
-- label: undeclared public.notes.user_id
-- label: undeclared public.mentions.user_id
-- label: polymorphic public.messages.sender_type = 'User', sender_id
-- label: polymorphic public.access_tokens.owner_type = 'User', owner_id
-- label: polymorphic public.audits.user_type = 'User', user_id
-- label: json public.conversations.additional -> snoozed_by
-- label: never public.users.uid
-- label: never public.account_users.account_id
-- label: never public.conversations.contact_id
-- label: never public.conversations.display_id
-- label: never public.conversations.account_id
-- label: never public.messages.account_id
-- label: never public.messages.inbox_id
-- label: never public.audits.auditable_id
-- label: never public.audits.version
-- label: never public.contacts.external_id
create table public.accounts (id serial primary key, name varchar not null);
create table public.users (
  id serial primary key, provider varchar not null default 'email', uid varchar not null default '',
  encrypted_password varchar not null default '', reset_password_token varchar, sign_in_count integer not null default 0,
  current_sign_in_at timestamp, last_sign_in_at timestamp, confirmed_at timestamp, name varchar not null, display_name varchar,
  email varchar, tokens json, pubsub_token varchar, availability integer default 0, otp_secret varchar,
  otp_backup_codes text, created_at timestamp not null, updated_at timestamp not null
);
create table public.account_users (
  id bigserial primary key, account_id bigint, user_id bigint, role integer default 0, inviter_id bigint
);
create unique index uniq_user_id_per_account_id on public.account_users (account_id, user_id);
create table public.contacts (id serial primary key, name varchar, email varchar, account_id integer not null, external_id integer);
create table public.inboxes (id serial primary key, account_id integer not null, name varchar not null);
create table public.conversations (
  id serial primary key, account_id integer not null, inbox_id integer not null, status integer not null default 0,
  assignee_id integer, contact_id bigint, display_id integer not null, additional jsonb default '{}'
);
create index index_conversations_on_account_id on public.conversations (account_id);
create table public.messages (
  id serial primary key, content text, account_id integer not null, inbox_id integer not null, conversation_id integer not null,
  message_type integer not null, sender_type varchar, sender_id bigint, content_attributes json default '{}'
);
create table public.notes (id bigserial primary key, content text not null, account_id bigint not null, contact_id bigint not null, user_id bigint);
create table public.mentions (id bigserial primary key, user_id bigint not null, conversation_id bigint not null, account_id bigint not null);
create table public.access_tokens (id bigserial primary key, owner_type varchar, owner_id bigint, token varchar);
create table public.agent_bots (id bigserial primary key, name varchar, account_id bigint);
create table public.audits (
  id bigserial primary key, auditable_id bigint, auditable_type varchar, user_id bigint, user_type varchar, username varchar,
  action varchar, audited_changes jsonb, version integer default 0
);
insert into public.accounts (name) select 'a' from generate_series(1, 30);
insert into public.users (uid, encrypted_password, name, email, created_at, updated_at)
select 'u' || n || '@example.com', '$2a$11$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', 'n', 'u' || n || '@example.com', now(), now()
from generate_series(1, 40) as n;
insert into public.account_users (account_id, user_id, inviter_id) select 1 + n % 30, n, nullif(n % 12, 0) from generate_series(1, 40) as n;
insert into public.contacts (name, account_id, external_id) select 'c', 1 + n % 30, 1 + n % 35 from generate_series(1, 80) as n;
insert into public.inboxes (account_id, name) select 1 + n % 30, 'i' from generate_series(1, 20) as n;
insert into public.agent_bots (name) select 'b' from generate_series(1, 10);
insert into public.conversations (account_id, inbox_id, assignee_id, contact_id, display_id, additional)
select 1 + n % 30, 1 + n % 20, nullif(n % 30, 0), 1 + n % 80, n % 33, jsonb_build_object('snoozed_by', 1 + n % 40, 'stars', n % 5)
from generate_series(1, 150) as n;
insert into public.messages (content, account_id, inbox_id, conversation_id, message_type, sender_type, sender_id)
select 'm', 1 + n % 30, 1 + n % 20, 1 + n % 150, n % 3, (array['User', 'Contact', 'AgentBot', null])[1 + n % 4],
       case when n % 4 < 3 then 1 + n % 10 end from generate_series(1, 300) as n;
insert into public.notes (content, account_id, contact_id, user_id) select 'n', 1 + n % 30, 1 + n % 80, 1 + n % 40 from generate_series(1, 50) as n;
insert into public.mentions (user_id, conversation_id, account_id) select 1 + n % 40, 1 + n % 150, 1 + n % 30 from generate_series(1, 50) as n;
insert into public.access_tokens (owner_type, owner_id, token)
select case n % 2 when 0 then 'User' else 'AgentBot' end, 1 + n % 10, md5(n::text) from generate_series(1, 30) as n;
insert into public.audits (auditable_id, auditable_type, user_id, user_type, action, audited_changes)
select 1 + n % 30, 'Account', 1 + n % 40, 'User', 'update', '{"name": ["a", "b"]}' from generate_series(1, 60) as n;
