-- What the REST benchmarks read and write. `OWNER` is the id of the user who asks. Safe to run again.
create table if not exists public.bench (id bigint primary key, owner uuid not null, body text not null);
alter table public.bench enable row level security;
drop policy if exists own on public.bench;
create policy own on public.bench for select to authenticated using ((select auth.uid()) = owner);
create index if not exists bench_owner on public.bench (owner);
insert into public.bench
  select n, case when n <= 10 then 'OWNER'::uuid else gen_random_uuid() end, 'row ' || n
  from generate_series(1, 100000) n
  on conflict do nothing;

create table if not exists public.bench_customers (id bigint primary key, name text not null);
create table if not exists public.bench_orders (
  id bigint primary key,
  customer_id bigint not null references public.bench_customers (id),
  placed date not null
);
create table if not exists public.bench_items (
  id bigint primary key,
  order_id bigint not null references public.bench_orders (id),
  what text not null
);
insert into public.bench_customers
  select n, 'customer ' || n from generate_series(1, 10000) n on conflict do nothing;
insert into public.bench_orders
  select n, 1 + n % 10000, date '2024-01-01' + n % 365 from generate_series(1, 50000) n on conflict do nothing;
insert into public.bench_items
  select n, 1 + n % 50000, 'item ' || n from generate_series(1, 200000) n on conflict do nothing;
create index if not exists bench_orders_customer on public.bench_orders (customer_id);
create index if not exists bench_items_order on public.bench_items (order_id);

create table if not exists public.bench_notes (
  id bigint generated always as identity primary key,
  topic integer not null,
  body text not null
);
create or replace function public.bench_add(a integer, b integer) returns integer
  language sql immutable as 'select a + b';

grant select on public.bench, public.bench_customers, public.bench_orders, public.bench_items to authenticated;
grant select, insert on public.bench_notes to authenticated;
analyze public.bench, public.bench_customers, public.bench_orders, public.bench_items;
notify pgrst, 'reload schema';
