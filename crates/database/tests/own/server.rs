//! Settings of the server itself.

use database::{ServerSetting, configure_server, doctor, prepare};

use crate::cluster::{Hosted, options, texts};

// DB-SRV-10, DB-SRV-01, DB-SRV-02, DB-SRV-03, DB-SRV-05: they are written, what waits for a restart is named, and nobody
// restarts the server.
#[tokio::test]
async fn the_server_is_configured_on_demand_and_restarted_by_its_owner() {
    let cluster = Hosted::start();
    let admin = cluster.login("provider", "postgres");
    let provider = admin.connect().await.unwrap();
    for setting in [
        "max_wal_senders = 3",
        "max_replication_slots = 2",
        "timezone = 'Asia/Tokyo'",
        "password_encryption = 'md5'",
    ] {
        let alter = format!("alter system set {setting}");
        provider.batch_execute(&alter).await.unwrap();
    }
    drop(provider);
    cluster.restart();
    // DB-SRV-01: everything but the changes of tables works on such a server.
    let report = prepare(&admin, &options(), &[]).await.unwrap();
    // DB-SRV-05: services see their own values all the same.
    let api = report
        .logins
        .endpoint("authenticator")
        .connect()
        .await
        .unwrap();
    assert_eq!(
        texts(&api, "select current_setting('timezone')").await,
        ["UTC"]
    );
    let found = doctor(&report.admin).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .filter(|one| one.code == "server_setting")
        .map(|one| (one.object.as_str(), one.severe))
        .collect();
    assert_eq!(
        told,
        [
            ("wal_level", true),
            ("max_replication_slots", false),
            ("max_slot_wal_keep_size", false),
            ("max_wal_senders", false),
            ("password_encryption", false),
        ]
    );

    let started = "select extract(epoch from pg_postmaster_start_time())::text";
    let before = texts(&admin.connect().await.unwrap(), started).await;
    let written = configure_server(&admin).await.unwrap();
    let short = |one: &ServerSetting| {
        (
            one.name.clone(),
            one.before.clone(),
            one.value.clone(),
            one.needs_restart,
        )
    };
    let written: Vec<_> = written.iter().map(short).collect();
    let expected = [
        ("wal_level", "replica", "logical", true),
        ("max_replication_slots", "2", "10", true),
        ("max_wal_senders", "3", "10", true),
        ("timezone", "Asia/Tokyo", "UTC", false),
        ("password_encryption", "md5", "scram-sha-256", false),
        ("max_slot_wal_keep_size", "-1", "4096MB", false),
    ]
    .map(|(name, before, value, restart)| {
        (
            name.to_owned(),
            before.to_owned(),
            value.to_owned(),
            restart,
        )
    });
    let mut sorted = written.clone();
    sorted.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(sorted, expected);
    let client = admin.connect().await.unwrap();
    assert_eq!(texts(&client, started).await, before);
    assert_eq!(
        texts(&client, "select current_setting('timezone')").await,
        ["UTC"]
    );

    cluster.restart();
    let client = admin.connect().await.unwrap();
    assert_eq!(
        texts(&client, "select current_setting('wal_level')").await,
        ["logical"]
    );
    assert_eq!(configure_server(&admin).await.unwrap(), []);
    let found = doctor(&report.admin).await.unwrap();
    assert!(
        found.iter().all(|one| one.code != "server_setting"),
        "{found:?}"
    );
}

#[tokio::test]
async fn only_a_superuser_configures_the_server() {
    let (_cluster, admin) = Hosted::with_administrator("boss").await;
    let error = configure_server(&admin).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("preparing the database failed at server settings: ")
            && text.ends_with("(42501)"),
        "{text}"
    );
}

// DB-SRV-11.
#[tokio::test]
async fn a_database_in_another_encoding_is_refused_by_name() {
    let cluster = Hosted::start();
    let admin = cluster.login("provider", "postgres");
    let client = admin.connect().await.unwrap();
    client
        .batch_execute(
            "create database app encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0",
        )
        .await
        .unwrap();
    let error = prepare(&admin, &options(), &[]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "database app has encoding LATIN1; UTF8 is needed"
    );
    // Any collation does.
    client.batch_execute("drop database app").await.unwrap();
    client
        .batch_execute(
            "create database app encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0",
        )
        .await
        .unwrap();
    prepare(&admin, &options(), &[]).await.unwrap();
}
