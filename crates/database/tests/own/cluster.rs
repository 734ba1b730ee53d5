//! Clusters of a test's own.

use std::path::PathBuf;

use base::Secret;
use database::Options;
use pg::Endpoint;
use tokio_postgres::Client;

/// A cluster whose bootstrap superuser is nobody that Supabase knows, as at a hosting company; stopped with the test.
pub(crate) struct Hosted {
    dir: PathBuf,
    port: u16,
}

impl Hosted {
    pub(crate) fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-hosted-")
            .tempdir()
            .unwrap()
            .keep();
        let port = testkit::free_port();
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
                "{} -D {data} -w -t 600 -l {folder}/log -o \"-k {folder} -p {port} -c listen_addresses= -c fsync=off\" start",
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

    /// Whether the server wrote a file of this name beside its data.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        let test = format!("test -e {}/data/{name}", self.dir.display());
        testkit::as_server_user(&test).status().unwrap().success()
    }

    pub(crate) fn restart(&self) {
        let pg_ctl = testkit::program("pg_ctl");
        let command = format!(
            "{} -D {dir}/data -w -t 600 -l {dir}/log restart",
            pg_ctl.display(),
            dir = self.dir.display()
        );
        let status = testkit::as_server_user(&command)
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn login(&self, user: &str, database: &str) -> Endpoint {
        let host = self.dir.display();
        let port = self.port;
        Endpoint::parse(&format!(
            "host={host} port={port} user={user} dbname={database}"
        ))
        .unwrap()
    }

    /// An administrator as hosting companies give them.
    pub(crate) async fn with_administrator(user: &str) -> (Self, Endpoint) {
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

/// Options for database `app` of a cluster that is given by its URL.
pub(crate) fn options() -> Options {
    let mut settings = settings::Database::default();
    settings.url = Some(Secret::new("postgresql://given"));
    "app".clone_into(&mut settings.name);
    settings.password = Secret::new("owner-password");
    let mut keys = settings::Keys::default();
    keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    keys.vault_enc_key = Secret::new("a key for the vault that is kept");
    Options::from_settings(&settings, &keys, 3_600)
}

pub(crate) async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}
