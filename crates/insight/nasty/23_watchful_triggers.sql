-- Triggers that write elsewhere, that keep rows as JSON, that fail when an id is no integer; one that forbids changes.
-- Expected: none fires while rows are moved; the event trigger is found before anything is changed, not by its error.
-- label: users public.users.id
-- label: declared public.accounts.user_id
-- label: json public.audit.old_row -> user_id
-- label: json public.audit.new_row -> user_id
-- label: never public.audit.row_id
create table public.users (
  id       serial primary key,
  email    text not null unique,
  password text not null
);

insert into public.users (email, password)
select 'audited' || n || '@example.com', '$2b$12$pQ3qpLnLr1eexcifvrlcFuKZIUW1b2LdXbYUzx6g4ZgyrMuEUAWwm'
from generate_series(1, 10) as n;

create table public.accounts (
  id      serial primary key,
  user_id integer not null references public.users (id),
  cents   bigint not null default 0
);

create table public.audit (
  id      bigserial primary key,
  tabl    text not null,
  row_id  integer not null,
  old_row jsonb,
  new_row jsonb
);

create table public.counters (
  name  text primary key,
  count bigint not null
);
insert into public.counters (name, count) values ('accounts', 0);

create function public.keep_audit() returns trigger language plpgsql as $$
begin
  insert into public.audit (tabl, row_id, old_row, new_row)
  values (
    tg_table_name, coalesce(new.id, old.id),
    case when tg_op <> 'INSERT' then to_jsonb(old) end,
    case when tg_op <> 'DELETE' then to_jsonb(new) end
  );
  return null;
end
$$;

create function public.only_integers() returns trigger language plpgsql as $$
begin
  if new.user_id::text !~ '^[0-9]+$' then
    raise exception 'user_id % is no number', new.user_id;
  end if;
  return new;
end
$$;

create function public.count_accounts() returns trigger language plpgsql as $$
begin
  update public.counters set count = count + (select count(*) from inserted) where name = 'accounts';
  return null;
end
$$;

create trigger a_only_integers before insert or update of user_id on public.accounts
for each row execute function public.only_integers();
create trigger b_keep_audit after insert or update or delete on public.accounts
for each row execute function public.keep_audit();
create trigger c_count after insert on public.accounts referencing new table as inserted
for each statement execute function public.count_accounts();

insert into public.accounts (user_id, cents) select 1 + n % 10, n * 100 from generate_series(1, 30) as n;
update public.accounts set cents = cents + 1 where id % 7 = 0;

create function public.no_changes() returns event_trigger language plpgsql as $$
begin
  raise exception 'the schema is frozen: % is forbidden', tg_tag;
end
$$;
create event trigger schema_is_frozen on ddl_command_start when tag in ('ALTER TABLE', 'DROP TABLE')
execute function public.no_changes();
