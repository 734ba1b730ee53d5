-- Rows that not everyone may see: policies of every kind over generated data.
create schema guarded;
create function guarded.me() returns text language sql stable as $$ select current_setting('request.jwt.claims', true)::json ->> 'sub' $$;
create table guarded.members (club int, who text, level int, primary key (club, who));
create table guarded.docs (
  id int primary key, club int, owner text, secret boolean not null, title text, weight int, made date
);
create table guarded.notes (id int primary key, doc int references guarded.docs, author text, body text);
insert into guarded.members select c, (array['ada', 'bob', 'cyd'])[w], (c + w) % 3 from generate_series(1, 4) c, generate_series(1, 3) w where (c + w) % 2 = 0;
insert into guarded.docs select i, i % 5, (array['ada', 'bob', 'cyd', null])[1 + i % 4], i % 7 = 0, nullif('title ' || i % 9, 'title 3'), i * 37 % 50, date '2024-01-01' + i
  from generate_series(1, 120) i;
insert into guarded.notes select i, 1 + i * 13 % 120, (array['ada', 'bob', 'cyd'])[1 + i % 3], 'note ' || i % 11 from generate_series(1, 300) i;
alter table guarded.members enable row level security;
alter table guarded.docs enable row level security;
alter table guarded.notes enable row level security;
create policy own_membership on guarded.members for select to authenticated using (who = guarded.me());
create policy open_docs on guarded.docs for select to anon using (not secret and weight < 20);
create policy own_docs on guarded.docs for all to authenticated using (owner = guarded.me());
create policy club_docs on guarded.docs for select to authenticated
  using (club in (select m.club from guarded.members m where m.level > 0));
create policy no_secrets on guarded.docs as restrictive for select to authenticated using (not secret or owner = guarded.me());
create policy light_only on guarded.docs as restrictive for update to authenticated using (weight < 40) with check (weight < 45);
create policy notes_of_docs on guarded.notes for select to authenticated, anon
  using (exists (select from guarded.docs d where d.id = notes.doc and d.weight <> 7));
create policy own_notes on guarded.notes for delete to authenticated using (author = guarded.me());
create view guarded.titles with (security_barrier) as select id, title, club from guarded.docs where weight < 30;
create function guarded.heavy(minimum int) returns setof guarded.docs language sql stable as $$ select * from guarded.docs where weight >= minimum $$;
grant usage on schema guarded to anon, authenticated, service_role;
grant select on all tables in schema guarded to anon, authenticated, service_role;
grant update, delete on guarded.docs, guarded.notes to authenticated, service_role;
