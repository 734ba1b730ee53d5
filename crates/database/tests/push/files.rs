//! Files: their order, their transactions, who runs their statements.

use std::path::{Path, PathBuf};

use database::{MissingExtension, PushError, PushOptions, push};
use settings::MissingExtensions;

use crate::house::{House, notes};

const PROJECT: &str = r#"
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists moddatetime with schema extensions;
create type public.state as enum ('open', 'closed');
create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  name text,
  updated_at timestamptz
);
create table public.tasks (
  id uuid primary key default extensions.uuid_generate_v4(),
  owner uuid not null default auth.uid() references public.profiles (id),
  title text not null,
  state public.state not null default 'open'
);
alter table public.profiles enable row level security;
alter table public.tasks enable row level security;
create policy "own tasks" on public.tasks for all to authenticated
  using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
create function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.profiles (id, name) values (new.id, new.raw_user_meta_data ->> 'name');
  return new;
end;
$$;
create trigger on_auth_user_created after insert on auth.users
  for each row execute procedure public.handle_new_user();
create trigger touched before update on public.profiles
  for each row execute procedure extensions.moddatetime(updated_at);
insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
alter table storage.objects enable row level security;
create policy "own folder" on storage.objects for insert to authenticated
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = auth.uid()::text);
grant usage on schema public to anon, authenticated, service_role;
grant all on table public.tasks to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on tables to anon;
alter publication supabase_realtime add table public.tasks;
alter table public.tasks replica identity full;
set row_security = off;
select pg_catalog.set_config('search_path', '', false);
create index tasks_owner on public.tasks (owner);
"#;

// DB-EVD-02, DB-MIG-01, DB-MIG-02, DB-MIG-03, DB-POW-03, DB-POW-10 to DB-POW-12, DB-POW-16, DB-POW-23, DB-POW-24,
// DB-ROLE-21, DB-FN-14.
#[tokio::test]
async fn a_whole_project_is_applied_in_order_once() {
    let house = House::new().await;
    house.write(
        "roles.sql",
        "create role push_whole; grant push_whole to authenticator;",
    );
    house.write("migrations/20240101000000_init.sql", PROJECT);
    house.write(
        "migrations/20240102000000_more.sql",
        "alter table tasks add column note text;",
    );
    house.write("migrations/readme.md", "not a migration");
    house.write(
        "seed.sql",
        "insert into auth.users (id, raw_user_meta_data) values ('8a1c5c0e-0000-4000-8000-000000000001', '{\"name\": \"Ada\"}');
         insert into tasks (owner, title) values ('8a1c5c0e-0000-4000-8000-000000000001', extensions.crypt('x', extensions.gen_salt('bf')));",
    );
    let report = house.push().await.unwrap_or_else(|error| panic!("{error}"));
    let files: Vec<&Path> = report
        .files
        .iter()
        .map(|file| file.path.as_path())
        .collect();
    assert_eq!(
        files,
        [
            Path::new("roles.sql"),
            Path::new("migrations/20240101000000_init.sql"),
            Path::new("migrations/20240102000000_more.sql"),
            Path::new("seed.sql"),
        ]
    );
    assert_eq!(
        report.ignored,
        [house.folder.path().join("migrations/readme.md")]
    );
    assert_eq!(
        house.texts("select concat_ws(' ', version, name, cardinality(statements)) from supabase_migrations.schema_migrations order by 1").await,
        ["20240101000000 init 22", "20240102000000 more 1"]
    );
    assert_eq!(
        house.texts("select name from public.profiles").await,
        ["Ada"]
    );
    assert_eq!(
        house
            .texts("select distinct tableowner::text from pg_tables where schemaname = 'public'")
            .await,
        ["postgres"]
    );
    // Again: nothing is left to do.
    assert_eq!(house.push().await.unwrap().files, []);
}

// DB-MIG-02, DB-MIG-05.
#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_says_where() {
    let house = House::new().await;
    let error = house
        .refuse(
            "1_broken.sql",
            "create table public.half (id int);\n\nselect\n  1,\n  missing;\nselect 1;",
        )
        .await;
    assert_eq!(
        error.to_string(),
        "migrations/1_broken.sql, statement 2, line 5: column \"missing\" does not exist (42703)"
    );
    assert_eq!(
        error.remedy(),
        "nothing of this file was kept; mend it and push again"
    );
    assert_eq!(
        house
            .texts("select relname::text from pg_class where relname = 'half'")
            .await,
        [""; 0]
    );
    assert_eq!(
        house
            .texts("select version from supabase_migrations.schema_migrations")
            .await,
        [""; 0]
    );
    let report = house
        .apply("1_broken.sql", "create table public.half (id int);")
        .await;
    assert_eq!(report.files.len(), 1);
}

// DB-MIG-02: deferred constraints speak at the commit; the file still leaves nothing.
#[tokio::test]
async fn what_fails_at_the_commit_leaves_nothing() {
    let house = House::new().await;
    let error = house
        .refuse(
            "1_deferred.sql",
            "create table public.a (id int primary key, b int references public.a deferrable initially deferred);\ninsert into public.a values (1, 2);",
        )
        .await;
    assert!(error.to_string().contains("(23503)"), "{error}");
    assert_eq!(
        house
            .texts("select version from supabase_migrations.schema_migrations")
            .await,
        [""; 0]
    );
}

// DB-MIG-02.
#[tokio::test]
async fn what_cannot_run_in_a_transaction_runs_by_itself() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_index.sql",
            "create table public.t (a int);\ncreate index concurrently i on public.t (a);",
        )
        .await;
    assert!(!report.files[0].in_transaction);
    let report = house
        .apply(
            "2_enum.sql",
            "create type public.mood as enum ('good');\ncommit;\nalter type public.mood add value 'bad';\ncreate table public.m (mood public.mood default 'bad');",
        )
        .await;
    assert_eq!(report.files.len(), 1);
    assert!(!report.files[0].in_transaction);
    let report = house
        .apply(
            "3_value.sql",
            "alter type public.mood add value 'worse';\ninsert into public.m values ('worse');",
        )
        .await;
    assert!(!report.files[0].in_transaction);
    assert_eq!(
        house.texts("select mood::text from public.m").await,
        ["worse"]
    );
    let error = house
        .refuse(
            "4_half.sql",
            "create table public.kept (a int);\nvacuum public.t;\nselect 1 / 0;",
        )
        .await;
    assert!(
        error
            .remedy()
            .starts_with("the statements before it were kept"),
        "{}",
        error.remedy()
    );
    assert_eq!(
        house
            .texts("select relname::text from pg_class where relname = 'kept'")
            .await,
        ["kept"]
    );
}

// DB-MIG-06, DB-MIG-07.
#[tokio::test]
async fn a_files_settings_last_for_that_file() {
    let house = House::new().await;
    let tell = "insert into public.said select concat_ws('|', current_user, session_user, current_setting('search_path'), current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('check_function_bodies'));";
    house.write("migrations/1_one.sql", &format!("create table public.said (what text); grant all on public.said to anon; {tell} set search_path = auth; set role anon; set check_function_bodies = off; set lock_timeout = 0; {tell} reset role; reset session authorization; {tell} reset all; {tell}"));
    house.write("migrations/2_two.sql", tell);
    house.push().await.unwrap_or_else(|error| panic!("{error}"));
    let fresh = "postgres|postgres|\"$user\", public, extensions|4s|0|on";
    assert_eq!(
        house.texts("select what from public.said").await,
        [
            fresh,
            "anon|postgres|auth|0|0|off",
            "postgres|postgres|auth|0|0|off",
            fresh,
            fresh,
        ]
    );
}

// DB-POW-05, DB-POW-02, DB-POW-18 to DB-POW-22, DB-POW-27, DB-DMP-03, DB-DMP-06.
#[tokio::test]
async fn a_fixed_list_of_statements_is_run_by_the_administrator_and_told() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_mighty.sql",
            "create function public.watch() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger push_watch on ddl_command_start execute function public.watch();
drop event trigger push_watch;
create publication push_everything for all tables;
create foreign data wrapper push_wrapper;
create server push_server foreign data wrapper push_wrapper;
alter role authenticator set push.made_up = 'x';
alter role authenticator reset push.made_up;
alter default privileges for role supabase_admin in schema public grant all on tables to anon;
create table public.theirs (a int);
alter table public.theirs owner to supabase_auth_admin;
comment on extension pgcrypto is 'x';
set session_replication_role = replica;
begin;
select current_user;
commit;",
        )
        .await;
    // Rights to settings came with 15.
    let version = house
        .texts("select current_setting('server_version_num')")
        .await;
    let setting = if version[0].as_str() >= "150000" {
        "the owner role may now set push.made_up"
    } else {
        "run as the administrator: setting push.made_up"
    };
    assert_eq!(
        notes(&report),
        [
            (2, "run as the administrator: event trigger"),
            (3, "run as the administrator: event trigger"),
            (4, "run as the administrator: publication of all tables"),
            (5, "run as the administrator: foreign data wrapper"),
            (7, setting),
            (8, "run as the administrator: setting of a reserved role"),
            (
                9,
                "run as the administrator: default privileges of a reserved role"
            ),
            (
                11,
                "run as the administrator: owner that is a reserved role"
            ),
            (12, "left out: needs to own the extension"),
            (13, "run as the administrator: session_replication_role"),
            (14, "left out: the file is one transaction anyway"),
            (16, "left out: the file is one transaction anyway"),
        ]
    );
    // Nothing inside a block is elevated.
    let error = house
        .refuse(
            "2_block.sql",
            "do $$ begin execute 'create publication sly for all tables'; end $$;",
        )
        .await;
    assert!(error.to_string().contains("(42501)"), "{error}");
}

// DB-POW-06.
#[tokio::test]
async fn reserved_roles_are_protected() {
    let house = House::new().await;
    for sql in ["drop role anon;", "alter role authenticator superuser;"] {
        let error = house.refuse("1_role.sql", sql).await;
        assert!(
            matches!(
                error,
                PushError::ReservedRole {
                    number: 1,
                    line: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
}

// DB-MIG-05, DB-POW-28.
#[tokio::test]
async fn what_a_supabase_project_refuses_too_is_said() {
    let house = House::new().await;
    let error = house
        .refuse("1_system.sql", "alter system set work_mem = '1GB';")
        .await;
    let PushError::Statement { upstream, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        upstream,
        Some("a Supabase project refuses it too: superusers only")
    );
}

// DB-DMP-01, DB-DMP-08, DB-DMP-11, DB-VER-06, DB-POW-17, DB-MIG-04.
#[tokio::test]
async fn a_dump_of_a_newer_server_is_applied() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_dump.sql",
            "\\restrict abc
SET statement_timeout = 0;
SET no_such_setting_yet = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET session_replication_role = replica;
CREATE TABLE IF NOT EXISTS \"public\".\"t\" (\"a\" integer, \"b\" text);
ALTER TABLE \"public\".\"t\" OWNER TO \"postgres\";
COPY \"public\".\"t\" (\"a\", \"b\") FROM stdin;
1\tone; 'quoted'
2\t\\N
\\.

GRANT SELECT,MAINTAIN ON TABLE \"public\".\"t\" TO \"anon\";
RESET ALL;
\\unrestrict abc
",
        )
        .await;
    assert!(notes(&report).contains(&(
        3,
        "left out: this server has no setting no_such_setting_yet"
    )));
    assert_eq!(
        house
            .texts("select concat(a, b) from public.t order by a")
            .await,
        ["1one; 'quoted'", "2"]
    );
}

// DB-VER-05, DB-EXT-02, DB-EXT-11.
#[tokio::test]
async fn missing_extensions_are_found_before_anything_runs() {
    let house = House::new().await;
    house.write("migrations/1_a.sql", "create table public.a (a int);");
    house.write(
        "migrations/2_b.sql",
        "\ncreate extension plv8; create extension plv8; create extension timescaledb;",
    );
    let error = house.push().await.unwrap_err();
    let PushError::MissingExtensions { extensions } = &error else {
        panic!("{error}");
    };
    let found: Vec<(&str, &Path, usize)> = extensions
        .iter()
        .map(
            |MissingExtension {
                 name, path, line, ..
             }| (name.as_str(), path.as_path(), *line),
        )
        .collect();
    let file = Path::new("migrations/2_b.sql");
    assert_eq!(found, [("plv8", file, 2), ("timescaledb", file, 2)]);
    assert_eq!(
        house
            .texts("select version from supabase_migrations.schema_migrations")
            .await,
        [""; 0]
    );
    let warn = PushOptions {
        missing_extensions: MissingExtensions::Warn,
        ..PushOptions::default()
    };
    let report = push(house.database.admin(), house.folder.path(), &warn)
        .await
        .unwrap();
    assert_eq!(report.files.len(), 2);
    assert_eq!(
        notes(&report)[0],
        (2, "left out: the server lacks extension plv8")
    );
}

// DB-MIG-01: what upstream's command line, or a seed changed since, left behind.
#[tokio::test]
async fn the_ledger_is_shared() {
    let house = House::new().await;
    house
        .client()
        .await
        .batch_execute(
            "insert into supabase_migrations.schema_migrations (version) values ('1'), ('0')",
        )
        .await
        .unwrap();
    house.write("migrations/1_there.sql", "select 1 / 0;");
    house.write(
        "config.toml",
        "[db.seed]\nsql_paths = [\"./seeds/*.sql\", \"./seeds/b.sql\"]\n",
    );
    house.write("seeds/b.sql", "insert into public.s values ('b');");
    house.write("seeds/a.sql", "insert into public.s values ('a');");
    let report = house
        .apply("2_new.sql", "create table public.s (s text);")
        .await;
    assert_eq!(report.unknown_versions, ["0"]);
    assert_eq!(house.texts("select s from public.s").await, ["a", "b"]);
    house.write("seeds/a.sql", "insert into public.s values ('c');");
    let report = house.push().await.unwrap();
    assert_eq!(report.changed_seeds, [PathBuf::from("seeds/a.sql")]);
    assert_eq!(house.texts("select s from public.s").await, ["a", "b"]);
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let house = House::new().await;
    house.write(
        "migrations/1_a.sql",
        "create table public.a (a int); vacuum;",
    );
    let dry = PushOptions {
        dry_run: true,
        ..PushOptions::default()
    };
    let report = push(house.database.admin(), house.folder.path(), &dry)
        .await
        .unwrap();
    assert_eq!(
        (report.files[0].statements, report.files[0].in_transaction),
        (2, false)
    );
    assert_eq!(
        house
            .texts("select relname::text from pg_class where relname = 'a'")
            .await,
        [""; 0]
    );
}

#[tokio::test]
async fn two_files_of_one_version_are_refused() {
    let house = House::new().await;
    house.write("migrations/1_a.sql", "");
    let error = house.refuse("1_b.sql", "").await;
    assert_eq!(
        error.to_string(),
        "version 1 has two files, 1_a.sql and 1_b.sql"
    );
}
