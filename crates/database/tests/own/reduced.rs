//! The preparation by an administrator who is no superuser.

use database::{Migration, Report, Schema, doctor, let_service_role_in, prepare};
use pg::Endpoint;

use crate::cluster::{Hosted, options, texts};

const SCHEMAS: [Schema; 3] = [
    Schema {
        name: "passerelle",
        owner: "supabase_admin",
        migrations: &[Migration {
            version: "1",
            name: "jobs",
            sql: "create table passerelle.jobs (id int)",
        }],
    },
    Schema {
        name: "auth",
        owner: "supabase_auth_admin",
        migrations: &[Migration {
            version: "1",
            name: "users",
            sql: "create table auth.users (id uuid primary key)",
        }],
    },
    Schema {
        name: "storage",
        owner: "supabase_storage_admin",
        migrations: &[Migration {
            version: "1",
            name: "objects",
            sql: "create table storage.objects (id int); alter table storage.objects enable row level security",
        }],
    },
];

async fn check_house(report: &Report, admin: &Endpoint) {
    assert_eq!(report.migrations_applied, 3);
    let client = report.admin.connect().await.unwrap();
    client
        .batch_execute(
            "set role postgres;
             create table public.notes (body text);
             insert into public.notes values ('a');
             alter table public.notes enable row level security;
             alter publication supabase_realtime add table public.notes;
             create policy p on storage.objects for select to anon using (auth.uid() is null);
             reset role",
        )
        .await
        .unwrap();
    // DB-SUB-02: without a file on the server, the vault is open where the session brings the key.
    client
        .batch_execute("set role postgres; select vault.create_secret('a'); reset role")
        .await
        .unwrap();
    // DB-MGD-01: a table under row security is reached by service_role as soon as that is reconciled.
    assert!(!report.service_role_bypasses);
    let_service_role_in(&report.admin).await.unwrap();
    let again = prepare(admin, &options(), &SCHEMAS).await.unwrap();
    assert_eq!(again.migrations_applied, 0);
    let api = report
        .logins
        .endpoint("authenticator")
        .connect()
        .await
        .unwrap();
    for (role, seen) in [("anon", 0), ("service_role", 1)] {
        api.batch_execute(&format!("set role {role}"))
            .await
            .unwrap();
        assert_eq!(
            texts(&api, "select body from public.notes").await.len(),
            seen,
            "{role}"
        );
    }
    // A project is applied as well, and its tables are reached at once.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    let migration = "create extension if not exists citext with schema extensions;
        create table public.pushed (a extensions.citext);
        insert into public.pushed values ('a');
        alter table public.pushed enable row level security;
        alter role anon set statement_timeout = '4s';
        create extension pg_cron; select cron.schedule('a', '* * * * *', 'select 1');";
    std::fs::write(folder.path().join("migrations/1_pushed.sql"), migration).unwrap();
    let options = database::PushOptions::default();
    let pushed = database::push(&report.admin, folder.path(), &options).await;
    pushed.unwrap_or_else(|error| panic!("{error}"));
    api.batch_execute("set role service_role").await.unwrap();
    assert_eq!(
        texts(&api, "select a::text from public.pushed").await,
        ["a"]
    );
    api.batch_execute("set role anon").await.unwrap();
    texts(&api, "select id::text from storage.objects").await;
    assert_eq!(
        texts(
            &client,
            "select pg_get_userbyid(datdba)::text from pg_database where datname = 'app'"
        )
        .await,
        ["postgres"]
    );
}

// DB-GEN-04, DB-MGD-01, DB-MGD-02, DB-MGD-05, case 9 of section 20.
#[tokio::test]
async fn an_administrator_without_superuser_prepares_a_working_database() {
    let (_cluster, admin) = Hosted::with_administrator("boss").await;
    let report = prepare(&admin, &options(), &SCHEMAS).await.unwrap();
    check_house(&report, &admin).await;
}

// DB-GEN-04: where the administrator is called as the owner role is.
#[tokio::test]
async fn an_administrator_called_postgres_is_the_owner_role() {
    let (_cluster, admin) = Hosted::with_administrator("postgres").await;
    let report = prepare(&admin, &options(), &SCHEMAS).await.unwrap();
    check_house(&report, &admin).await;
}

// DB-MGD-03: the right to replicate comes by a role of the provider's where there is one; where there is none, the
// doctor says what does not work.
#[tokio::test]
async fn the_providers_own_role_gives_the_right_to_replicate() {
    let (cluster, admin) = Hosted::with_administrator("boss").await;
    prepare(&admin, &options(), &SCHEMAS).await.unwrap();
    let found = doctor(&admin.with_database("app")).await.unwrap();
    let finding = found
        .iter()
        .find(|finding| finding.code == "replication_missing")
        .unwrap();
    assert_eq!(
        (
            finding.object.as_str(),
            finding.severe,
            finding.repair.as_deref()
        ),
        (
            "supabase_replication_admin",
            false,
            Some("alter role supabase_replication_admin replication")
        )
    );
    let provider = cluster
        .login("provider", "postgres")
        .connect()
        .await
        .unwrap();
    provider
        .batch_execute(
            "create role rds_replication; grant rds_replication to boss with admin option",
        )
        .await
        .unwrap();
    prepare(&admin, &options(), &SCHEMAS).await.unwrap();
    let member =
        "select pg_has_role('supabase_replication_admin', 'rds_replication', 'member')::text";
    assert_eq!(texts(&provider, member).await, ["true"]);
    let found = doctor(&admin.with_database("app")).await.unwrap();
    assert!(
        found
            .iter()
            .all(|finding| finding.code != "replication_missing"),
        "{found:?}"
    );
}
