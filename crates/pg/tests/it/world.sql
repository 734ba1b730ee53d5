-- Roles belong to the cluster, which all tests share: made by whoever comes first.
do $$
begin
  create role test_anon;
  create role test_user;
  create role test_authenticator login noinherit password 'secret' in role test_anon, test_user;
exception
  when duplicate_object or unique_violation then null;
end
$$;

create table note (
  id bigint generated always as identity primary key,
  owner text not null default current_setting('request.jwt.claims')::json ->> 'sub',
  body text not null unique deferrable initially deferred
);
alter table note enable row level security;
create policy own on note using (owner = current_setting('request.jwt.claims')::json ->> 'sub');
grant select, insert, update, delete on note to test_user;
insert into note (owner, body) values ('ada', 'engine'), ('ada', 'loom'), ('grace', 'compiler');
