//! A prepared database, and questions to it.

use base::Secret;
use database::{Migration, Options, Schema, prepare};
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

/// Stand-ins for the services' tables that projects' SQL is about.
pub(crate) const SERVICES: [Schema; 3] = [
    Schema {
        name: "auth",
        owner: "supabase_auth_admin",
        migrations: &[Migration {
            version: "1",
            name: "users",
            sql: "create table auth.users (id uuid primary key, email text)",
        }],
    },
    Schema {
        name: "storage",
        owner: "supabase_storage_admin",
        migrations: &[Migration {
            version: "1",
            name: "objects",
            sql: "create table storage.objects (id uuid primary key, name text); alter table storage.objects enable row level security",
        }],
    },
    Schema {
        name: "realtime",
        owner: "supabase_realtime_admin",
        migrations: &[Migration {
            version: "1",
            name: "messages",
            sql: "create table realtime.messages (id uuid primary key, topic text); alter table realtime.messages enable row level security",
        }],
    },
];

pub(crate) struct House {
    pub(crate) database: TestDatabase,
}

pub(crate) fn options(database: &TestDatabase) -> Options {
    let mut settings = settings::Database::default();
    database.admin().database().clone_into(&mut settings.name);
    settings.password = Secret::new("owner-password");
    let mut keys = settings::Keys::default();
    keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    Options::from_settings(&settings, &keys, 3_600)
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let database = Postgres::shared().database().await;
        let mut options = options(&database);
        change(&mut options);
        prepare(database.admin(), &options, &SERVICES)
            .await
            .unwrap();
        let name = database.admin().database();
        let client = database.connect().await;
        // As it is where the program made the database itself.
        let owner = format!("alter database {name} owner to postgres");
        client.batch_execute(&owner).await.unwrap();
        Self { database }
    }

    pub(crate) async fn client(&self) -> Client {
        self.database.connect().await
    }

    /// A session of the owner role, as people have it.
    pub(crate) async fn owner(&self) -> Client {
        self.role("postgres").await
    }

    pub(crate) async fn role(&self, role: &str) -> Client {
        self.database.endpoint_as(role).connect().await.unwrap()
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        texts(&self.client().await, sql).await
    }

    /// PostgreSQL's major version.
    pub(crate) async fn major(&self) -> u32 {
        let number = self
            .texts("select current_setting('server_version_num')")
            .await;
        number[0].parse::<u32>().unwrap() / 10_000
    }
}

pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}

/// The SQLSTATE that a statement is refused with.
pub(crate) async fn refused(client: &Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await;
    let error = error.expect_err(sql);
    error
        .code()
        .unwrap_or_else(|| panic!("{sql}: {error}"))
        .code()
        .to_owned()
}

pub(crate) async fn run(client: &Client, sql: &str) {
    let done = client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
