//! Size M in full; a gigabyte and a minute each, so only when asked for: `cargo test -p insight -- --ignored`.

use insight::{Size, Variant};
use testkit::Postgres;

use crate::number;

/// Generates size M, and answers its database with the bytes it takes.
async fn medium(variant: Variant) -> (tokio_postgres::Client, i64) {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    let mut calls = 0_u64;
    let made = insight::generate(&mut client, variant, Size::M, 1, &mut |_, _| calls += 1)
        .await
        .unwrap();
    assert!(
        calls > 5_000,
        "{calls} calls: somebody waits and sees nothing"
    );
    for (table, rows) in &made.rows {
        let stored = number(&client, &format!("select count(*) from {table}")).await;
        assert_eq!(u64::try_from(stored).unwrap(), *rows, "{table}");
    }
    let bytes = number(&client, "select pg_database_size(current_database())").await;
    (client, bytes)
}

// MIG-LEG-01: 20 000 users, 2 million conversations, about 1 GB.
#[tokio::test]
#[ignore = "writes a gigabyte"]
async fn the_clean_application_in_size_m_has_what_it_promises() {
    let (client, bytes) = medium(Variant::A).await;
    assert_eq!(number(&client, "select count(*) from users").await, 20_000);
    assert_eq!(
        number(&client, "select count(*) from user_conversations").await,
        2_000_000
    );
    assert_eq!(number(&client, include_str!("clean.sql")).await, 0);
    assert!((900_000_000..1_500_000_000).contains(&bytes), "{bytes}");
}

// MIG-LEG-01: a user with 200 000 conversations, a document of 40 MB.
#[tokio::test]
#[ignore = "writes a gigabyte"]
async fn the_drifted_application_in_size_m_has_what_it_promises() {
    let (client, bytes) = medium(Variant::B).await;
    let heavy = "select count(*) from user_conversations where user_id = 22";
    assert_eq!(number(&client, heavy).await, 200_000);
    let largest = "select max(octet_length(content))::bigint from user_documents";
    assert_eq!(number(&client, largest).await, 40 << 20);
    assert!((900_000_000..1_500_000_000).contains(&bytes), "{bytes}");
}
