//! The inventory of a real database.

use migrate::inventory::{Action, Generation, TableKind, TypeKind};
use migrate::{Inventory, Name};
use testkit::Postgres;

const SCHEMA: &str = r#"
create type public.mood as enum ('sad', 'it''s ok');
create domain public.address as text check (value like '%@%');
create table public.users (
  id serial primary key, email varchar not null unique, feeling public.mood,
  full_name text, upper_name text generated always as (upper(full_name)) stored);
create table public."Note; drop" (
  id bigint generated always as identity primary key,
  owner integer not null references public.users on delete cascade deferrable,
  mail public.address default 'a@b', created_at timestamp default now());
create index on public."Note; drop" (owner) where mail is not null;
create table public.logs (id bigint, at timestamp not null, primary key (id, at)) partition by range (at);
create table public.logs_2024 partition of public.logs for values from ('2024-01-01') to ('2025-01-01');
create view public.b as select id, email from public.users;
create view public.a as select id from public.b;
create materialized view public.m as select count(*) as n from public.a;
create function public.quota(integer) returns integer language sql as 'select $1 * 2';
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before update on public.users for each row execute function public.touch();
alter table public.users enable row level security;
create policy own on public.users for select using (id = 1);
"#;

/// MIG-INS-20, MIG-INS-10: tables, columns, keys, types, views, functions, triggers and policies as they are.
#[tokio::test]
async fn everything_that_must_move_is_listed() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client.batch_execute(SCHEMA).await.unwrap();
    let inventory = Inventory::read(&client).await.unwrap();

    let users = inventory.table(&Name::new("public", "users")).unwrap();
    assert_eq!(users.primary_key().unwrap(), ["id"]);
    assert!(users.is_unique("email"));
    assert!(users.row_security);
    assert_eq!(
        users.column("upper_name").unwrap().generation,
        Generation::Computed
    );
    let notes = inventory.table(&Name::new("public", "Note; drop")).unwrap();
    let (_, key) = notes.foreign_keys().next().unwrap();
    assert_eq!(key.table, users.name);
    assert_eq!(key.columns, ["id"]);
    assert_eq!(key.on_delete, Action::Cascade);
    assert!(key.deferrable);
    let mail = notes.column("mail").unwrap();
    assert_eq!(mail.base_type, "text");
    assert_eq!(mail.type_sql, "public.address");
    assert!(notes.is_indexed("owner"));
    assert_eq!(
        notes.column("id").unwrap().generation,
        Generation::IdentityAlways
    );

    let names: Vec<_> = inventory
        .tables
        .iter()
        .map(|table| table.name.name.as_str())
        .collect();
    let place = |name: &str| names.iter().position(|it| *it == name).unwrap();
    assert!(place("logs") < place("logs_2024"));
    let logs = &inventory.tables[place("logs")];
    assert_eq!(logs.kind, TableKind::Partitioned);
    let leaf = &inventory.tables[place("logs_2024")];
    assert_eq!(leaf.partition_of.as_ref(), Some(&logs.name));
    assert!(
        leaf.constraints
            .iter()
            .all(|constraint| constraint.inherited)
    );

    let views: Vec<_> = inventory
        .views
        .iter()
        .map(|view| view.name.name.as_str())
        .collect();
    assert_eq!(views, ["b", "a", "m"]);
    let kinds: Vec<_> = inventory.types.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [TypeKind::Enum, TypeKind::Domain]);
    assert!(inventory.types[0].definition.contains("'it''s ok'"));
    assert_eq!(inventory.functions.len(), 2);
    assert_eq!(inventory.triggers.len(), 1);
    assert_eq!(inventory.policies.len(), 1);
    let sequences: Vec<_> = inventory
        .sequences
        .iter()
        .map(|it| (it.name.name.as_str(), it.identity))
        .collect();
    assert_eq!(
        sequences,
        [("Note; drop_id_seq", true), ("users_id_seq", false)]
    );
}

/// MIG-PLAN-04: the digest says whether a definition changed, and only that.
#[tokio::test]
async fn the_digest_follows_definitions_and_not_rows() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client.batch_execute(SCHEMA).await.unwrap();
    let before = Inventory::read(&client).await.unwrap().digest();
    client
        .batch_execute("insert into public.users (email) values ('a@b.c'); analyze")
        .await
        .unwrap();
    assert_eq!(Inventory::read(&client).await.unwrap().digest(), before);
    client
        .batch_execute("alter table public.users add column age integer")
        .await
        .unwrap();
    assert_ne!(Inventory::read(&client).await.unwrap().digest(), before);
}
