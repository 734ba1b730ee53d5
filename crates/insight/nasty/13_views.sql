-- Views over views over a materialized view, rules, barriers, triggers instead of writes, and everything by a star.
-- Expected: recreated in order with their options, grants and triggers; stars keep meaning the columns they meant.
-- label: users public.users.id
-- label: declared public.sales.user_id
-- label: declared public.returns.user_id
-- label: never public.sales.amount
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'seller' || n || '@example.com', '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau'
from generate_series(1, 8) as n;

create table public.sales (
  id      serial primary key,
  user_id integer not null references public.users (id),
  amount  integer not null
);

create table public.returns (
  id      serial primary key,
  user_id integer references public.users (id) on delete set null,
  reason  text
);

insert into public.sales (user_id, amount) select 1 + n % 8, n % 9 from generate_series(1, 80) as n;
insert into public.returns (user_id, reason) select nullif(n % 9, 0), 'Reason ' || n from generate_series(1, 18) as n;

create materialized view public.totals as
select user_id, sum(amount) as total, count(*) as sales from public.sales group by user_id;
create unique index totals_user on public.totals (user_id);

create view public.ranking with (security_barrier = true) as
select user_id, total, rank() over (order by total desc, user_id) as place from public.totals;

create view public.podium as
select r.place, u.email, r.user_id from public.ranking as r join public.users as u on u.id = r.user_id where r.place <= 3;

create view public.everything as select * from public.sales;
create view public.small_sales as select * from public.everything where amount < 3 with local check option;

create view public.sale_sheet as
select s.id, s.amount, u.email from public.sales as s join public.users as u on u.id = s.user_id;

create function public.write_sale_sheet() returns trigger language plpgsql as $$
declare
  seller integer;
begin
  select id into strict seller from public.users where email = new.email;
  insert into public.sales (user_id, amount) values (seller, new.amount);
  return new;
end
$$;

create trigger write_sale_sheet instead of insert on public.sale_sheet
for each row execute function public.write_sale_sheet();

create view public.quiet_returns as select id, user_id, reason from public.returns;
create rule quiet_returns_insert as on insert to public.quiet_returns
do instead insert into public.returns (user_id, reason) values (new.user_id, new.reason);

create rule no_deleting as on delete to public.returns where old.user_id = 1 do instead nothing;

comment on view public.podium is 'The three best';
grant select on public.podium to public;
