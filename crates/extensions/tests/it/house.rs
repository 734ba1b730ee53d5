//! A prepared database with both substitutes, and workers of its own.

use std::sync::Arc;
use std::time::Duration;

use base::{ManualClock, OsRandom, Secret, SharedRandom};
use database::PushOptions;
use extensions::cron::Cron;
use extensions::net::Net;
use pg::{Pool, PoolOptions};
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

pub(crate) struct House {
    pub(crate) database: TestDatabase,
    pub(crate) client: Client,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: settings::Extensions,
}

impl House {
    /// With the substitute of `pg_net`, which every project presumes.
    pub(crate) async fn new() -> Self {
        let database = Postgres::shared().supabase(&[]).await;
        Self {
            client: database.connect().await,
            database,
            clock: Arc::new(ManualClock::starting_now()),
            settings: settings::Extensions::default(),
        }
    }

    /// With `pg_cron`'s as well, and the clock at a full minute.
    pub(crate) async fn with_cron() -> Self {
        let mut house = Self::new().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("migrations")).unwrap();
        let file = folder.path().join("migrations/1_cron.sql");
        std::fs::write(file, "create extension pg_cron with schema pg_catalog;").unwrap();
        database::push(
            house.database.admin(),
            folder.path(),
            &PushOptions::default(),
        )
        .await
        .unwrap();
        // A Tuesday.
        let start = "2026-11-24T12:00:00Z".parse().unwrap();
        house.clock = Arc::new(ManualClock::at(start));
        house
    }

    pub(crate) fn pool(&self) -> Pool {
        self.pool_as("supabase_admin")
    }

    fn pool_as(&self, role: &str) -> Pool {
        let options = PoolOptions {
            application_name: "extensions".into(),
            size: 4,
            acquire_timeout: Duration::from_secs(120),
        };
        Pool::new(&self.database.endpoint_as(role), &options).unwrap()
    }

    /// One more node's worker.
    pub(crate) fn net(&self) -> Net {
        Net::new(&self.settings, self.pool(), self.clock.clone(), &random()).unwrap()
    }

    /// One more node's worker.
    pub(crate) fn cron(&self) -> Cron {
        self.cron_as("supabase_admin")
    }

    /// One whose administrator is this role.
    pub(crate) fn cron_as(&self, role: &str) -> Cron {
        let secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
        Cron::new(
            &self.settings,
            self.pool_as(role),
            secret,
            self.clock.clone(),
            random(),
        )
    }

    /// Runs a script as role `postgres`.
    pub(crate) async fn as_owner(&self, script: &str) {
        let script = format!("set role postgres; {script}; reset role");
        self.run(&script).await;
    }

    pub(crate) async fn run(&self, script: &str) {
        let done = self.client.batch_execute(script).await;
        done.unwrap_or_else(|error| panic!("{script}: {error:?}"));
    }

    /// The one value of the one row.
    pub(crate) async fn value<T>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> T
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let row = self.client.query_one(sql, parameters).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .get(0)
    }

    /// The first column, as text.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.client.query(sql, &[]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }
}

pub(crate) fn random() -> SharedRandom {
    Arc::new(OsRandom)
}
