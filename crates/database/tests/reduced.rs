//! The preparation by an administrator who is no superuser, on clusters of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use base::Secret;
use database::{Migration, Options, Report, Schema, prepare};
use pg::Endpoint;
use tokio_postgres::Client;

/// A cluster whose bootstrap superuser is nobody that Supabase knows, as at a hosting company.
struct Hosted {
    dir: PathBuf,
    port: u16,
}

impl Hosted {
    fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-hosted-")
            .tempdir()
            .unwrap()
            .keep();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let data = dir.join("data");
        let (initdb, pg_ctl) = (testkit::program("initdb"), testkit::program("pg_ctl"));
        let (folder, data) = (dir.display(), data.display());
        std::fs::set_permissions(
            &dir,
            <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777),
        )
        .unwrap();
        for command in [
            format!(
                "{} -D {data} -U provider -A trust -E UTF8 --locale=C --no-sync",
                initdb.display()
            ),
            format!(
                "{} -D {data} -w -l {folder}/log -o \"-k {folder} -p {port} -c listen_addresses= -c fsync=off\" start",
                pg_ctl.display()
            ),
        ] {
            let status = testkit::as_server_user(&command)
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap();
            assert!(status.success(), "{command}");
        }
        Self { dir, port }
    }

    fn login(&self, user: &str, database: &str) -> Endpoint {
        let host = self.dir.display();
        let port = self.port;
        Endpoint::parse(&format!(
            "host={host} port={port} user={user} dbname={database}"
        ))
        .unwrap()
    }

    /// An administrator as hosting companies give them.
    async fn with_administrator(user: &str) -> (Self, Endpoint) {
        let cluster = Self::start();
        let provider = cluster
            .login("provider", "template1")
            .connect()
            .await
            .unwrap();
        provider
            .batch_execute(&format!("create role {user} login createrole createdb"))
            .await
            .unwrap();
        let admin = cluster.login(user, "postgres");
        (cluster, admin)
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let pg_ctl = testkit::program("pg_ctl");
        let command = format!(
            "{} -D {dir}/data -m immediate stop && rm -rf {dir}/data",
            pg_ctl.display(),
            dir = self.dir.display()
        );
        let _ = testkit::as_server_user(&command)
            .stdout(std::process::Stdio::null())
            .status();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

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

fn options() -> Options {
    let mut settings = settings::Database::default();
    "app".clone_into(&mut settings.name);
    settings.password = Secret::new("owner-password");
    let mut keys = settings::Keys::default();
    keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    keys.vault_enc_key = Secret::new("a key for the vault that is kept");
    Options::from_settings(&settings, &keys, 3_600)
}

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

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
    // DB-SUB-02: without a file on the server, the vault is open where the session has the key.
    client.batch_execute("set role postgres").await.unwrap();
    let closed = client.query("select vault.create_secret('a')", &[]).await;
    let closed = closed.unwrap_err();
    assert_eq!(
        closed.as_db_error().unwrap().message(),
        "the vault has no key"
    );
    client
        .batch_execute(
            "set passerelle.vault_key = 'k'; select vault.create_secret('a'); reset role",
        )
        .await
        .unwrap();
    // DB-MGD-01: a table under row security is reached by service_role after the next reconciliation.
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
