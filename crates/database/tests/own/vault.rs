//! Where the vault's key is.

use database::{VaultKeyPlace, prepare, push};

use crate::cluster::{Hosted, options, texts};

const FILE: &str = "passerelle_vault.key";
const SECRET: &str = "select vault.create_secret('hush', 'a')";
const SECRETS: &str = "select decrypted_secret from vault.decrypted_secrets";

// DB-SUB-02: a cluster that was given keeps its folder to itself, though we might write there; the key comes with
// the sessions that run what callers and projects ask for, and with no other.
#[tokio::test]
async fn a_given_cluster_gets_the_key_with_our_sessions_only() {
    let cluster = Hosted::start();
    let admin = cluster.login("provider", "postgres");
    let report = prepare(&admin, &options(), &[]).await.unwrap();
    assert!(!cluster.has_file(FILE));
    let api = report
        .logins
        .endpoint("authenticator")
        .connect()
        .await
        .unwrap();
    api.batch_execute(&format!("set role service_role; {SECRET}"))
        .await
        .unwrap();
    assert_eq!(texts(&api, SECRETS).await, ["hush"]);
    // What a request leaves behind is reset; the key is what the session starts with.
    api.batch_execute("reset all").await.unwrap();
    assert_eq!(texts(&api, SECRETS).await, ["hush"]);
    let owner = cluster.login("postgres", "app").connect().await.unwrap();
    let closed = owner.query(SECRETS, &[]).await.unwrap_err();
    let closed = closed.as_db_error().unwrap();
    assert_eq!(
        (closed.message(), closed.code().code()),
        ("the vault has no key", "55000")
    );
    // No trace of it stays in the database.
    let held = "select count(*)::text from pg_db_role_setting, unnest(setconfig) entry where entry ~ 'vault'";
    assert_eq!(texts(&owner, held).await, ["0"]);

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    let migration = "reset all; select vault.create_secret('pushed', 'b');";
    std::fs::write(folder.path().join("migrations/1_secret.sql"), migration).unwrap();
    let pushed = push(
        &report.admin,
        folder.path(),
        &database::PushOptions::default(),
    )
    .await;
    pushed.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        texts(&api, &format!("{SECRETS} order by name")).await,
        ["hush", "pushed"]
    );
}

// DB-SUB-02: on our own cluster everybody who has the right to a secret can read it, by any login.
#[tokio::test]
async fn our_own_cluster_has_the_key_beside_its_data() {
    let cluster = Hosted::start();
    let admin = cluster.login("provider", "postgres");
    let mut options = options();
    options.vault_key_place = VaultKeyPlace::ServerFile;
    prepare(&admin, &options, &[]).await.unwrap();
    assert!(cluster.has_file(FILE));
    let owner = cluster.login("postgres", "app").connect().await.unwrap();
    owner.batch_execute(SECRET).await.unwrap();
    assert_eq!(texts(&owner, SECRETS).await, ["hush"]);
    // Another key does not take the place of the one that locked what is there.
    options.vault_key = Some(base::Secret::new("another key, thirty-two bytes long"));
    prepare(&admin, &options, &[]).await.unwrap();
    assert_eq!(texts(&owner, SECRETS).await, ["hush"]);
}
