//! A data folder, a server in it, and a way to talk to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use base::{Secret, Tasks};
use cluster::{Error, Options, Server};
use tokio_postgres::{Client, NoTls};

pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A folder others can pass through.
pub(crate) fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

/// The folder of PostgreSQL's programs that the tests' runner names.
fn bin_dir() -> Option<std::path::PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told where PostgreSQL is by their runner"
    )]
    std::env::var_os("PASSERELLE_PG_BIN").map(Into::into)
}

pub(crate) fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        bin_dir: bin_dir(),
        port: 0,
        port_is_explicit: false,
        admin_password: Secret::new("it's \\open"),
        start_timeout: PATIENCE,
    }
}

pub(crate) async fn start(dir: &Path) -> Result<Server, Error> {
    Server::start(options(dir), &Tasks::new()).await
}

/// A session, tried until the server takes it.
pub(crate) async fn connect(to: &Secret) -> Client {
    let attempt = async {
        loop {
            match tokio_postgres::connect(to.expose(), NoTls).await {
                Ok((client, connection)) => {
                    Tasks::new().spawn("connection", async move {
                        let _ = connection.await;
                    });
                    return client;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, attempt)
        .await
        .expect("the server answers")
}

pub(crate) async fn show(client: &Client, what: &str) -> String {
    let row = client
        .query_one(&format!("select ({what})::text"), &[])
        .await;
    row.expect("it runs").get(0)
}
