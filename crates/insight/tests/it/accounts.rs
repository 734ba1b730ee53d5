//! The known passwords against the stored hashes.

use insight::{Account, Size, Variant};
use sha2::{Digest as _, Sha256};

use crate::small;

/// Whether the stored text is a hash of the password, in any of the forms that can still be verified.
fn fits(account: &Account, stored: &str) -> bool {
    if account.note == "sha256-hex" {
        return hex::encode(Sha256::digest(&account.password)) == stored;
    }
    bcrypt::verify(&account.password, stored.trim_end()).unwrap_or(false)
}

async fn every_password_fits(variant: Variant) {
    let (client, made) = small(variant, 1).await;
    assert_eq!(made.accounts, insight::accounts(variant, Size::S, 1));
    for account in &made.accounts {
        let row = client
            .query_one(
                "select password_hash, email from users where id = $1",
                &[&account.legacy_id],
            )
            .await
            .unwrap();
        let (stored, address): (&str, &str) = (row.get(0), row.get(1));
        assert_eq!(address.trim().to_lowercase(), account.email);
        let expected = !matches!(account.note, "no-hash" | "bcrypt-59");
        assert_eq!(fits(account, stored), expected, "{}", account.note);
        assert!(
            expected || !account.signs_in,
            "{} cannot sign in without a hash",
            account.note
        );
    }
}

// MIG-LEG-01, MIG-PWD-01: known passwords for sample accounts of every class.
#[tokio::test]
async fn known_passwords_fit_the_stored_hashes_of_the_clean_application() {
    every_password_fits(Variant::A).await;
}

#[tokio::test]
async fn known_passwords_fit_the_stored_hashes_of_the_drifted_application() {
    every_password_fits(Variant::B).await;
}

// MIG-LEG-01: the documented administrator.
#[test]
fn the_administrator_is_known_in_every_variant_and_size() {
    for variant in [Variant::A, Variant::B] {
        for size in [Size::S, Size::M, Size::L] {
            let accounts = insight::accounts(variant, size, 3);
            let admin = accounts.iter().find(|account| account.note == "admin");
            let admin = admin.unwrap();
            assert_eq!(admin.email, "admin@axial.com");
            assert_eq!(admin.password, "admin123");
            assert!(admin.signs_in);
            let inactive = accounts.iter().find(|account| account.note == "inactive");
            assert!(!inactive.unwrap().signs_in);
        }
    }
}

// Their hashes are those of known people, which are verified above.
#[test]
fn accounts_of_the_bulk_have_one_of_three_passwords() {
    let accounts = insight::accounts(Variant::A, Size::M, 3);
    let bulk: Vec<&Account> = accounts.iter().filter(|one| one.note == "bulk").collect();
    assert_eq!(bulk.len(), 8);
    assert!(bulk.iter().all(|one| one.password.starts_with("insight-0")));
}

#[test]
fn addresses_that_sign_in_are_different() {
    for size in [Size::S, Size::M] {
        let accounts = insight::accounts(Variant::B, size, 5);
        let mut addresses: Vec<&str> = accounts
            .iter()
            .filter(|account| account.signs_in)
            .map(|account| account.email.as_str())
            .collect();
        let all = addresses.len();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), all);
    }
}
