-- Functions with integer parameters: overloaded, with defaults, with rights of their owner, with SQL put together at
-- run time, returning rows of a table; a procedure that commits.
-- Expected: listed with what depends on an integer id; those that can be retyped are, the others are on the to-do list.
-- label: users public.users.id
-- label: declared public.wallets.user_id
-- label: declared public.transfers.sender
-- label: declared public.transfers.receiver
-- label: never public.transfers.amount
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'payer' || n || '@example.com', '$2b$12$1UyosoliFvrk2RpmAeNNYOWhTE36Bk8CGpY/bmEaAUh6eGPisPHGq'
from generate_series(1, 10) as n;

create table public.wallets (
  user_id integer primary key references public.users (id) on delete cascade,
  balance integer not null default 100
);

insert into public.wallets (user_id) select n from generate_series(1, 10) as n;

create table public.transfers (
  id       serial primary key,
  sender   integer not null references public.users (id),
  receiver integer not null references public.users (id),
  amount   integer not null
);

insert into public.transfers (sender, receiver, amount)
select 1 + n % 10, 1 + (n * 3) % 10, n % 7 from generate_series(1, 50) as n;

create function public.balance(p_user integer) returns integer
language sql stable as $$ select balance from public.wallets where user_id = p_user $$;

create function public.balance(p_email text) returns integer
language sql stable as $$ select public.balance(id) from public.users where email = p_email $$;

create function public.transfers_of(p_user integer, p_least integer default 0) returns setof public.transfers
language sql stable as $$
  select * from public.transfers where p_user in (sender, receiver) and amount >= p_least
$$;

create function public.is_owner(p_user integer, p_table text) returns boolean
language plpgsql security definer set search_path = public as $$
declare
  found_one boolean;
begin
  execute format('select exists (select from %I where user_id = $1)', p_table) into found_one using p_user;
  return found_one;
end
$$;

create function public.names_by_ids(p_ids integer[], out id integer, out email text) returns setof record
language sql stable as $$ select u.id, u.email from public.users as u where u.id = any (p_ids) $$;

create function public.keep_balance() returns trigger language plpgsql as $$
declare
  changed public.wallets%rowtype;
begin
  update public.wallets set balance = balance - new.amount where user_id = new.sender returning * into changed;
  update public.wallets set balance = balance + new.amount where user_id = new.receiver;
  return new;
end
$$;

create trigger keep_balance after insert on public.transfers for each row execute function public.keep_balance();

create procedure public.pay_interest(p_from integer, p_to integer)
language plpgsql as $$
begin
  for user_number in p_from .. p_to loop
    update public.wallets set balance = balance + 1 where user_id = user_number;
    commit;
  end loop;
end
$$;

create aggregate public.last_id (integer) (sfunc = int4larger, stype = integer);
