//! A project's `supabase` folder on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};

use base::Secret;
use database::{
    Finding, MissingExtension, Options, PushError, PushOptions, PushReport, Schema, doctor,
    prepare, push,
};
use settings::MissingExtensions;
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

/// Stand-ins for what the services' own schema changes make.
const SERVICES: [Schema; 2] = [
    Schema {
        name: "auth",
        owner: "supabase_auth_admin",
        migrations: &[database::Migration {
            version: "1",
            name: "users",
            sql: "create table auth.users (id uuid primary key, email text, raw_user_meta_data jsonb)",
        }],
    },
    Schema {
        name: "storage",
        owner: "supabase_storage_admin",
        migrations: &[database::Migration {
            version: "1",
            name: "objects",
            sql: "create table storage.buckets (id text primary key, name text not null, public boolean default false);
                  create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text);
                  alter table storage.objects enable row level security;
                  create function storage.foldername(name text) returns text[] language sql as
                    $$ select (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1] $$",
        }],
    },
];

struct House {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with_schemas(&SERVICES).await
    }

    async fn with_schemas(schemas: &[Schema]) -> Self {
        let database = Postgres::shared().database().await;
        let mut settings = settings::Database::default();
        database.admin().database().clone_into(&mut settings.name);
        let mut keys = settings::Keys::default();
        keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
        keys.vault_enc_key = Secret::new("a key for the vault that is kept");
        let options = Options::from_settings(&settings, &keys, 3_600);
        prepare(database.admin(), &options, schemas).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("migrations")).unwrap();
        Self { database, folder }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    async fn push(&self) -> Result<PushReport, PushError> {
        push(
            self.database.admin(),
            self.folder.path(),
            &PushOptions::default(),
        )
        .await
    }

    /// Pushes one migration that must apply.
    async fn apply(&self, file: &str, sql: &str) -> PushReport {
        self.write(&format!("migrations/{file}"), sql);
        self.push().await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn refuse(&self, file: &str, sql: &str) -> PushError {
        self.write(&format!("migrations/{file}"), sql);
        self.push().await.unwrap_err()
    }

    async fn client(&self) -> Client {
        self.database.connect().await
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.client().await, sql).await
    }
}

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

fn notes(report: &PushReport) -> Vec<(usize, &str)> {
    let notes = report.files.iter().flat_map(|file| &file.notes);
    notes.map(|note| (note.line, note.text.as_str())).collect()
}

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
    assert_eq!(
        notes(&report),
        [
            (2, "run as the administrator: event trigger"),
            (3, "run as the administrator: event trigger"),
            (4, "run as the administrator: publication of all tables"),
            (5, "run as the administrator: foreign data wrapper"),
            (7, "the owner role may now set push.made_up"),
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

// DB-SUB-00 (a), DB-SUB-01, DB-FN-07.
#[tokio::test]
async fn pgjwt_signs_and_verifies() {
    let house = House::new().await;
    let report = house
        .apply(
            "1_jwt.sql",
            "create extension if not exists pgjwt with schema extensions;",
        )
        .await;
    assert_eq!(notes(&report), [(1, "substitute made for extension pgjwt")]);
    // The example of the standard's debugger.
    assert_eq!(
        house.texts("select extensions.sign('{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"admin\":true}', 'secret')").await,
        ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWV9.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ"]
    );
    for (token, secret, valid) in [
        (
            "extensions.sign('{\"a\":1}', 's', 'HS512')",
            "'s'",
            "HS512: {\"a\":1} true",
        ),
        (
            "extensions.sign('{\"a\":1}', 's', 'HS512')",
            "'t'",
            "HS512: {\"a\":1} false",
        ),
        (
            "extensions.sign('{\"exp\":1}', 's', 'HS512')",
            "'s'",
            "HS512: {\"exp\":1} false",
        ),
    ] {
        assert_eq!(
            house.texts(&format!("select (header ->> 'alg') || ': ' || payload || ' ' || valid from extensions.verify({token}, {secret}, 'HS512')")).await,
            [valid]
        );
    }
    house
        .apply(
            "2_drop.sql",
            "drop extension pgjwt; create extension pgjwt;",
        )
        .await;
}

// DB-SUB-02, DB-GRT-10.
#[tokio::test]
async fn the_vault_keeps_secrets_from_the_table_and_from_the_api() {
    let house = House::new().await;
    house
        .apply(
            "1_vault.sql",
            "create extension if not exists supabase_vault with schema vault;",
        )
        .await;
    let client = house.client().await;
    client.batch_execute("set role postgres").await.unwrap();
    let id = &texts(
        &client,
        "select vault.create_secret('s3cret: é', 'key', 'about')::text",
    )
    .await[0];
    assert_eq!(
        texts(&client, "select concat_ws('|', name, description, decrypted_secret) from vault.decrypted_secrets").await,
        ["key|about|s3cret: é"]
    );
    assert_eq!(
        texts(
            &client,
            "select (secret like '%cret%' or length(secret) < 40)::text from vault.secrets"
        )
        .await,
        ["false"]
    );
    client
        .execute(&format!("select vault.update_secret('{id}', 'other')"), &[])
        .await
        .unwrap();
    assert_eq!(
        texts(
            &client,
            "select decrypted_secret || name from vault.decrypted_secrets"
        )
        .await,
        ["otherkey"]
    );
    client
        .batch_execute("select vault.create_secret('a', 'key')")
        .await
        .unwrap_err();
    client.batch_execute("set role anon").await.unwrap();
    let refused = client
        .query("select * from vault.decrypted_secrets", &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    client
        .batch_execute("reset role; set role postgres")
        .await
        .unwrap();
    let refused = client.query("select vault._key()", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    // One row's cipher text is of no use in another.
    client.batch_execute("reset role; select vault.create_secret('b'); update vault.secrets set secret = (select secret from vault.secrets where name = 'key')").await.unwrap();
    let broken = client
        .query(
            "select decrypted_secret from vault.decrypted_secrets where name is null",
            &[],
        )
        .await;
    assert_eq!(broken.unwrap_err().code().unwrap().code(), "XX001");
}

// DB-WHK-01 to DB-WHK-05, DB-SUB-03, DB-GRT-12, DB-FN-11.
#[tokio::test]
async fn a_webhook_is_written_down_with_the_change() {
    let house = House::new().await;
    house
        .apply(
            "1_hook.sql",
            r#"create table public.t (id int, name text);
create trigger "told" after insert or update or delete on "public"."t" for each row
  execute function supabase_functions.http_request('https://example.test/hook','POST','{"Content-type":"application/json"}','{"a b":"ü&"}','1000');
create trigger "asked" after delete on "public"."t" for each row
  execute function supabase_functions.http_request('https://example.test/?x=1','GET','{}','{"a":"1"}','500');"#,
        )
        .await;
    let client = house.client().await;
    client
        .batch_execute("set role anon; insert into public.t values (1, 'a'); update public.t set name = 'b'; delete from public.t; reset role")
        .await
        .unwrap();
    assert_eq!(
        texts(&client, "select concat_ws(' ', method, url, timeout_milliseconds, convert_from(body, 'UTF8')) from net.http_request_queue order by id").await,
        [
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "INSERT", "table": "t", "record": {"id": 1, "name": "a"}, "schema": "public", "old_record": null}"#,
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "UPDATE", "table": "t", "record": {"id": 1, "name": "b"}, "schema": "public", "old_record": {"id": 1, "name": "a"}}"#,
            "GET https://example.test/?x=1&a=1 500",
            r#"POST https://example.test/hook?a%20b=%C3%BC%26 1000 {"type": "DELETE", "table": "t", "record": null, "schema": "public", "old_record": {"id": 1, "name": "b"}}"#,
        ]
    );
    assert_eq!(
        texts(
            &client,
            "select string_agg(hook_name, ',' order by id) from supabase_functions.hooks"
        )
        .await,
        ["told,told,asked,told"]
    );
    for (arguments, message) in [
        ("", "url argument is missing"),
        ("'https://a'", "method argument is missing"),
        ("'https://a', 'PUT'", "method argument PUT is invalid"),
    ] {
        let sql = format!(
            "drop table if exists public.u; create table public.u (id int); create trigger t after insert on public.u for each row execute function supabase_functions.http_request({arguments}); insert into public.u values (1)"
        );
        let error = client.batch_execute(&sql).await.unwrap_err();
        assert_eq!(error.as_db_error().unwrap().message(), message);
    }
    assert_eq!(
        texts(
            &client,
            "select (net.http_collect_response(1)).status::text"
        )
        .await,
        ["PENDING"]
    );
    let net = "select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'net' and p.proname not like '\\_%' and has_function_privilege('anon', p.oid, 'execute') order by 1";
    assert_eq!(
        texts(&client, net).await,
        [
            "net.http_collect_response",
            "net.http_delete",
            "net.http_get",
            "net.http_post"
        ]
    );
}

// DB-SUB-04, DB-GRT-11, case 6 of section 20.
#[tokio::test]
async fn jobs_by_the_clock_are_kept_by_their_user() {
    let house = House::new().await;
    house.apply("1_cron.sql", "create extension if not exists pg_cron with schema pg_catalog; select cron.schedule('nightly', '0 3 * * *', 'select 1');").await;
    let client = house.client().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    let first = texts(
        &client,
        "select cron.schedule('nightly', '*/5 1-3,4 * jan-mar 0', 'select 2')::text",
    )
    .await;
    assert_eq!(
        texts(&client, "select concat_ws('|', jobid, jobname, schedule, command, username, active) from cron.job").await,
        [format!("{}|nightly|*/5 1-3,4 * jan-mar 0|select 2|postgres|t", first[0])]
    );
    for (schedule, good) in [
        ("30 seconds", true),
        ("0 seconds", false),
        ("60 seconds", false),
        ("0 0 $ * *", true),
        ("* * * *", false),
        ("60 * * * *", false),
        ("* * * * mon-fri", true),
        ("5/2 * * * *", false),
        ("3-1 * * * *", false),
        ("", false),
    ] {
        let scheduled = client
            .query("select cron.schedule($1, 'select 1')", &[&schedule])
            .await;
        assert_eq!(scheduled.is_ok(), good, "{schedule}");
    }
    let unknown = client
        .query("select cron.unschedule('nothing')", &[])
        .await
        .unwrap_err();
    assert_eq!(
        unknown.as_db_error().unwrap().message(),
        "could not find valid entry for job 'nothing'"
    );
    assert_eq!(
        texts(&client, "select cron.unschedule('nightly')::text").await,
        ["true"]
    );
    let denied = client
        .query("update cron.job set command = 'x'", &[])
        .await
        .unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");
    let denied = client
        .query(
            "select cron.schedule_in_database('a', '* * * * *', 'x', 'postgres', 'supabase_admin')",
            &[],
        )
        .await
        .unwrap_err();
    assert_eq!(denied.code().unwrap().code(), "42501");
    house.apply("2_drop.sql", "drop extension pg_cron;").await;
    assert_eq!(
        house
            .texts("select nspname::text from pg_namespace where nspname = 'cron'")
            .await,
        [""; 0]
    );
    house
        .apply(
            "3_again.sql",
            "create extension pg_cron; select cron.schedule('a', '* * * * *', 'select 1');",
        )
        .await;
}

// DB-SUB-06.
#[tokio::test]
async fn queues_hand_out_each_message_once() {
    let house = House::new().await;
    house
        .apply(
            "1_mq.sql",
            "create extension pgmq; select pgmq.create('jobs'); select pgmq.create('jobs');
             select pgmq.send('jobs', '{\"n\": 1}'); select pgmq.send_batch('jobs', array['{\"n\": 2}', '{\"n\": 3}']::jsonb[]);
             select pgmq.send('jobs', '{\"n\": 4}', 60); select pgmq.send(queue_name => 'jobs', msg => '{\"n\": 5}', headers => '{\"h\": 1}');",
        )
        .await;
    let client = house.client().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    let read = "select message ->> 'n' from pgmq.read('jobs', 30, 2)";
    assert_eq!(texts(&client, read).await, ["1", "2"]);
    assert_eq!(
        texts(
            &client,
            "select message ->> 'n' from pgmq.read('jobs', 0, 9, '{\"n\": 5}')"
        )
        .await,
        ["5"]
    );
    assert_eq!(
        texts(
            &client,
            "select concat(message ->> 'n', headers) from pgmq.pop('jobs')"
        )
        .await,
        ["3"]
    );
    assert_eq!(
        texts(&client, "select pgmq.archive('jobs', 1)::text").await,
        ["true"]
    );
    assert_eq!(
        texts(&client, "select pgmq.delete('jobs', array[2, 99])::text").await,
        ["2"]
    );
    assert_eq!(
        texts(
            &client,
            "select msg_id::text from pgmq.set_vt('jobs', 4, 0)"
        )
        .await,
        ["4"]
    );
    assert_eq!(
        texts(&client, "select concat_ws('|', queue_name, queue_length, total_messages, queue_visible_length) from pgmq.metrics_all()").await,
        ["jobs|2|5|2"]
    );
    assert_eq!(
        texts(&client, "select pgmq.purge_queue('jobs')::text").await,
        ["2"]
    );
    assert_eq!(
        texts(&client, "select count(*)::text from pgmq.a_jobs").await,
        ["1"]
    );
    assert_eq!(
        texts(&client, "select pgmq.drop_queue('jobs')::text").await,
        ["true"]
    );
}

// DB-SUB-07.
#[tokio::test]
async fn json_is_held_against_its_schema() {
    let house = House::new().await;
    house
        .apply(
            "1_schema.sql",
            r#"create extension pg_jsonschema with schema extensions;
create table public.t (a json check (json_matches_schema('{"type": "object", "required": ["n"]}', a)));
insert into public.t values ('{"n": 1}');"#,
        )
        .await;
    let client = house.client().await;
    for (schema, instance, errors) in [
        ("{}", "1", ""),
        (
            r#"{"type": ["integer", "null"]}"#,
            "1.5",
            r#": is not of type ["integer", "null"]"#,
        ),
        (r#"{"type": "integer"}"#, "2.0", ""),
        (
            r#"{"properties": {"a": {"minimum": 3}}}"#,
            r#"{"a": 2}"#,
            "/a: minimum is 3",
        ),
        (
            r#"{"properties": {"a": {}}, "additionalProperties": false}"#,
            r#"{"a": 2, "b": 1}"#,
            "/b: nothing is allowed here",
        ),
        (
            r#"{"items": {"type": "string", "pattern": "^x"}}"#,
            r#"["xa", "b", 3]"#,
            r#"/1: does not match "^x"|/2: is not of type "string""#,
        ),
        (
            r#"{"oneOf": [{"type": "number"}, {"minimum": 2}]}"#,
            "3",
            ": fits 2 of the rules of oneOf",
        ),
        (
            r##"{"definitions": {"p": {"const": 1}}, "$ref": "#/definitions/p"}"##,
            "2",
            ": is not 1",
        ),
        (
            r#"{"if": {"type": "string"}, "then": {"minLength": 2}, "else": false}"#,
            r#""a""#,
            ": minLength is 2",
        ),
        (r#"{"uniqueItems": true}"#, "[1, 1]", ": has an item twice"),
        (r#"{"not": {}}"#, "1", ": is what it must not be"),
    ] {
        let row = client
            .query_one(
                "select array_to_string(extensions.jsonschema_validation_errors($1::text::json, $2::text::json), '|'), extensions.jsonb_matches_schema($1::text::json, $2::text::jsonb)",
                &[&schema, &instance],
            )
            .await
            .unwrap_or_else(|error| panic!("{schema}: {error:?}"));
        assert_eq!(
            (row.get::<_, &str>(0), row.get::<_, bool>(1)),
            (errors, errors.is_empty()),
            "{schema} {instance}"
        );
    }
    let unknown = client
        .query(
            "select extensions.json_matches_schema('{\"unevaluatedItems\": false}', '1')",
            &[],
        )
        .await;
    assert_eq!(unknown.unwrap_err().code().unwrap().code(), "0A000");
    house
        .apply(
            "2_drop.sql",
            "drop table public.t; drop extension pg_jsonschema;",
        )
        .await;
    assert_eq!(
        house
            .texts("select proname::text from pg_proc where proname like '%jsonschema%'")
            .await,
        [""; 0]
    );
}

// DB-SUB-05.
#[tokio::test]
async fn graphql_can_be_asked_for_and_says_that_it_is_off() {
    let house = House::new().await;
    house
        .apply(
            "1_graphql.sql",
            "create extension if not exists pg_graphql;",
        )
        .await;
    assert_eq!(
        house.texts("select graphql.resolve('{ a }')::text").await,
        [r#"{"data": null, "errors": ["pg_graphql extension is not enabled."]}"#]
    );
}

// DB-GEN-03, DB-GRT-14, DB-GRT-03, DB-DMP-14: each finding's statement mends it.
#[tokio::test]
async fn the_doctor_finds_what_differs_and_what_mends_it() {
    let house = House::new().await;
    let client = house.client().await;
    let codes = |findings: &[Finding]| -> Vec<String> {
        findings
            .iter()
            .filter(|finding| finding.object != "max_slot_wal_keep_size")
            .map(|finding| format!("{} {}", finding.code, finding.object))
            .collect()
    };
    let admin = house.database.admin();
    assert_eq!(codes(&doctor(admin).await.unwrap()), [""; 0]);
    client
        .batch_execute(
            "drop schema public cascade; create schema public; create table public.open (a int);
             grant select on public.open to anon; drop event trigger pgrst_drop_watch; drop publication supabase_realtime;
             revoke usage on schema auth from anon",
        )
        .await
        .unwrap();
    let findings = doctor(admin).await.unwrap();
    assert_eq!(
        codes(&findings),
        [
            "grant_missing auth",
            "grant_missing public",
            "grant_missing public",
            "grant_missing public",
            "publication_missing supabase_realtime",
            "default_privileges_missing public",
            "default_privileges_missing public",
            "default_privileges_missing public",
            "event_trigger_missing pgrst_drop_watch",
            "owner_is_supabase_admin public.open",
            "table_without_row_security public.open",
        ]
    );
    for finding in &findings {
        if let Some(repair) = finding
            .repair
            .as_ref()
            .filter(|sql| !sql.starts_with("alter system"))
        {
            client
                .batch_execute(repair)
                .await
                .unwrap_or_else(|error| panic!("{repair}: {error:?}"));
        }
    }
    client
        .batch_execute("alter publication supabase_realtime owner to postgres")
        .await
        .unwrap();
    assert_eq!(codes(&doctor(admin).await.unwrap()), [""; 0]);
}
