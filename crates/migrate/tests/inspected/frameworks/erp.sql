-- Accounts and books: who wrote and changed a row in every table, partners beside users, companies as tenants.
-- label: users public.res_users.id
-- label: declared public.sale_order.user_id
-- label: declared public.sale_order.create_uid
-- label: undeclared public.sale_order.write_uid
-- label: undeclared public.res_partner.create_uid
-- label: undeclared public.res_partner.write_uid
-- label: undeclared public.mail_activity.request_user
-- label: undeclared public.account_move.invoice_user_id
-- label: undeclared public.res_users.create_uid
-- label: never public.res_users.partner_id
-- label: never public.res_users.company_id
-- label: never public.sale_order.partner_id
-- label: never public.sale_order.pricelist_id
-- label: never public.mail_activity.res_id
-- label: never public.mail_message.res_id
-- label: never public.account_move.sequence_number
create table public.res_company (id serial primary key, name varchar);
create table public.res_partner (
  id serial primary key, name varchar, email varchar, phone varchar, company_id integer, create_uid integer, write_uid integer
);
create table public.res_users (
  id serial primary key, active boolean default true, login varchar not null unique, password varchar,
  company_id integer not null references public.res_company, partner_id integer not null references public.res_partner,
  create_uid integer, create_date timestamp, totp_secret varchar
);
create table public.sale_order (
  id serial primary key, name varchar, user_id integer references public.res_users, create_uid integer references public.res_users,
  write_uid integer, partner_id integer references public.res_partner, pricelist_id integer
);
create table public.mail_activity (id serial primary key, res_model varchar, res_id integer, request_user integer);
create table public.mail_message (id serial primary key, model varchar, res_id integer, body text);
create table public.account_move (id serial primary key, invoice_user_id integer, sequence_number integer, amount numeric);
insert into public.res_company (name) select 'c' from generate_series(1, 3);
insert into public.res_partner (name, email, company_id, create_uid, write_uid)
select 'p' || n, 'p' || n || '@example.com', 1 + n % 3, 1 + n % 4, 1 + n % 20 from generate_series(1, 90) as n;
insert into public.res_users (login, password, company_id, partner_id, create_uid)
select 'u' || n, '$pbkdf2-sha512$25000$N2YMIWQsBWBM$' || repeat('A', 86), 1 + n % 3, n, 1 from generate_series(1, 20) as n;
insert into public.sale_order (name, user_id, create_uid, write_uid, partner_id, pricelist_id)
select 's', 1 + n % 20, 1 + n % 20, 1 + n % 20, 1 + n % 90, 1 + n % 2 from generate_series(1, 60) as n;
insert into public.mail_activity (res_model, res_id, request_user) select 'sale.order', 1 + n % 15, 1 + n % 20 from generate_series(1, 40) as n;
insert into public.mail_message (model, res_id, body) select 'sale.order', 1 + n % 15, 'x' from generate_series(1, 40) as n;
insert into public.account_move (invoice_user_id, sequence_number, amount) select 1 + n % 20, n, 5 from generate_series(1, 15) as n;
