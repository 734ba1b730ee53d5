-- Passwords in a side table, several addresses per person, one row per provider.
-- Expected: the primary address signs in with the password of the side table; provider rows become identities.
-- label: users public.person.id
-- label: declared public.local_user.person_id
-- label: declared public.email_addresses.person_id
-- label: declared public.provider_accounts.person_id
-- label: declared public.api_keys.person_id
-- label: undeclared public.page_views.person_id
-- label: never public.provider_accounts.provider_account_id
-- label: never public.api_keys.digest
create table public.person (
  id         serial primary key,
  name       text not null,
  admin      boolean not null default false,
  deleted    boolean not null default false,
  joined     timestamptz not null default '2024-01-01 00:00:00+00'
);

insert into public.person (name, admin, deleted)
select 'Person ' || n, n = 1, n = 9 from generate_series(1, 14) as n;

create table public.local_user (
  person_id          integer primary key references public.person (id) on delete cascade,
  password_encrypted text not null
);

-- Ten have a password, the others come by a provider.
insert into public.local_user (person_id, password_encrypted)
select n, '$2b$12$QxnJnmdlO8cKpTE3iOQ4depDnkVKyYXmyeJq4bOIiM6qXE9RV9xau' from generate_series(1, 10) as n;

create table public.email_addresses (
  id          serial primary key,
  person_id   integer not null references public.person (id) on delete cascade,
  address     text not null unique,
  is_primary  boolean not null default false,
  verified_at timestamptz
);
create unique index one_primary on public.email_addresses (person_id) where is_primary;

insert into public.email_addresses (person_id, address, is_primary, verified_at)
select n, 'primary' || n || '@example.com', true, '2024-01-02 00:00:00+00'::timestamptz
from generate_series(1, 14) as n
union all
select n, 'second' || n || '@example.org', false, null from generate_series(1, 14, 3) as n
order by 1, 2;

create table public.provider_accounts (
  id                  serial primary key,
  person_id           integer not null references public.person (id) on delete cascade,
  provider            text not null,
  provider_account_id text not null,
  unique (provider, provider_account_id)
);

insert into public.provider_accounts (person_id, provider, provider_account_id)
select n, case n % 2 when 0 then 'google' else 'github' end, (100000 + n)::text from generate_series(8, 14) as n;

create table public.api_keys (
  id        serial primary key,
  person_id integer not null references public.person (id),
  digest    text not null
);

insert into public.api_keys (person_id, digest)
select n, md5('key ' || n) || md5('yek ' || n) from generate_series(1, 5) as n;

create table public.page_views (
  id        bigserial primary key,
  person_id integer,
  path      text not null
);

insert into public.page_views (person_id, path)
select nullif(n % 15, 0), '/page/' || n from generate_series(1, 90) as n;
