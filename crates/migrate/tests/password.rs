//! Passwords as applications have stored them, held against the accounts whose passwords are known.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use insight::{Account, Size, Variant};
use migrate::password::{HashClass, Treatment, importable};
use testkit::Postgres;

/// The stored passwords of the drifted application, by legacy id.
async fn stored() -> BTreeMap<i32, String> {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, Variant::B, Size::S, 1, &mut |_, _| ())
        .await
        .unwrap();
    let rows = client
        .query("select id, password_hash from public.users", &[])
        .await;
    rows.unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

fn account(note: &str) -> Account {
    let accounts = insight::accounts(Variant::B, Size::S, 1);
    accounts
        .into_iter()
        .find(|account| account.note == note)
        .unwrap()
}

/// MIG-PWD-01, MIG-PWD-02: what is imported still is the hash of the password that people know, byte for byte.
#[tokio::test]
async fn an_imported_hash_is_still_the_hash_of_the_known_password() {
    let stored = stored().await;
    for (note, label, treatment) in [
        ("admin", "bcrypt-2b-", Treatment::Import),
        ("bcrypt-2a", "bcrypt-2a-", Treatment::Import),
        ("bcrypt-2y", "bcrypt-2y-", Treatment::Import),
        ("padded", "bcrypt-2b-", Treatment::ImportTrimmed),
    ] {
        let account = account(note);
        let hash = &stored[&account.legacy_id];
        let class = HashClass::of(hash);
        assert!(
            class.label().starts_with(label),
            "{note}: {}",
            class.label()
        );
        assert_eq!(class.treatment(false), treatment, "{note}");
        let text = importable(hash).unwrap();
        assert_eq!(text, hash.trim(), "{note}");
        assert!(bcrypt::verify(&account.password, &text).unwrap(), "{note}");
    }
}

/// MIG-PWD-03: a hash that no target takes costs the password, never the user.
#[tokio::test]
async fn what_cannot_be_imported_is_named() {
    let stored = stored().await;
    for (note, label) in [
        ("bcrypt-59", "bcrypt-malformed"),
        ("sha256-hex", "sha256-hex"),
    ] {
        let hash = &stored[&account(note).legacy_id];
        assert_eq!(HashClass::of(hash).label(), label);
        assert_eq!(importable(hash), None);
        assert!(matches!(
            HashClass::of(hash).treatment(false),
            Treatment::NoPassword(_)
        ));
    }
}
