//! People of an old application, with the hashes that it made.

use auth::import::{self, Imported, Legacy, Transform, TransformDigest};
use base::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::house::{House, Reply, settings, text};

/// Kinds and hashes, see `password/legacy/tests.rs`.
const KNOWN: &[(&str, &str)] = &include!("../../src/password/legacy/known.in");
/// What they are hashes of.
const OLD: &str = "Kräuter & 42";

impl House {
    /// Takes somebody over with a hash; as the migration does.
    async fn import(&mut self, name: &str, hash: &Secret) -> Uuid {
        let user = Imported {
            id: Uuid::from_slice(format!("{name:_<16}").as_bytes()).unwrap(),
            email: Some(format!("{name}@example.com")),
            phone: None,
            password_hash: Some(hash.clone()),
            email_confirmed_at: Some(long_ago()),
            phone_confirmed_at: None,
            created_at: long_ago(),
            updated_at: long_ago(),
            last_sign_in_at: None,
            banned_until: None,
            app_metadata: json!({"provider": "email", "providers": ["email"]}),
            user_metadata: json!({}),
        };
        let tx = self.admin.transaction().await.unwrap();
        import::write(&tx, std::slice::from_ref(&user))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        user.id
    }

    async fn tries(&self, name: &str, password: &str) -> Reply {
        let body = json!({"email": format!("{name}@example.com"), "password": password});
        self.post("/token?grant_type=password", body).await
    }

    async fn stored(&self, id: Uuid) -> String {
        let sql = "select encrypted_password from auth.users where id = $1";
        self.admin.query_one(sql, &[&id]).await.unwrap().get(0)
    }
}

/// When these people were made.
fn long_ago() -> DateTime<Utc> {
    DateTime::from_timestamp(1_600_000_000, 0).unwrap()
}

#[track_caller]
fn refused(reply: &Reply) {
    reply.fails(400, "invalid_credentials", "Invalid login credentials");
}

fn carried(hash: &str) -> Secret {
    Legacy::read(hash, Vec::new()).unwrap().stored()
}

/// MIG-PWD-04, AUTH-TOKEN-06: whatever the old application made, its people sign in; the old hash is gone then, and
/// nothing changes before.
#[tokio::test]
async fn old_hashes_of_every_format_are_good_for_one_sign_in() {
    let mut house = House::new().await;
    for (number, (kind, hash)) in KNOWN.iter().enumerate() {
        let name = format!("old{number}");
        let form = carried(hash);
        let id = house.import(&name, &form).await;
        refused(&house.tries(&name, "Kräuter & 43").await);
        assert_eq!(
            house.stored(id).await,
            form.expose(),
            "{kind}: nothing changes"
        );
        let tokens = house.tries(&name, OLD).await.good();
        assert_eq!(text(&tokens["user"], "id"), id.to_string(), "{kind}");
        let renewed = house.stored(id).await;
        assert!(renewed.starts_with("$2b$04$"), "{kind}: {renewed}");
        assert!(import::is_renewed(&Secret::new(renewed.as_str())));
        house.tries(&name, OLD).await.good();
        refused(&house.tries(&name, "Kräuter & 43").await);
        assert_eq!(house.stored(id).await, renewed, "{kind}: replaced once");
        // Out of reach of the limits on sign-ins.
        house.clock.advance(TimeDelta::hours(1));
    }
    assert_eq!(import::legacy_left(&house.admin).await.unwrap(), []);
}

/// MIG-PWD-04: two at once are both let in, and one replaces the hash.
#[tokio::test]
async fn two_first_sign_ins_at_once_both_succeed() {
    let mut house = House::new().await;
    let form = carried("7907b3b4f3797322d528ba0665fca6d2");
    let id = house.import("ada", &form).await;
    assert_eq!(
        import::legacy_left(&house.admin).await.unwrap(),
        [("md5-hex".to_owned(), 1)]
    );
    let (one, other) = tokio::join!(house.tries("ada", OLD), house.tries("ada", OLD));
    one.good();
    other.good();
    assert!(house.stored(id).await.starts_with("$2b$"));
    house.tries("ada", OLD).await.good();
}

/// MIG-PWD-04: only who is let in has the hash replaced.
#[tokio::test]
async fn a_right_password_that_is_not_let_in_changes_nothing() {
    let mut house = House::new().await;
    let form = carried("7907b3b4f3797322d528ba0665fca6d2");
    let id = house.import("ada", &form).await;
    house
        .sql("update auth.users set email_confirmed_at = null")
        .await;
    let reply = house.tries("ada", OLD).await;
    reply.fails(400, "email_not_confirmed", "Email not confirmed");
    assert_eq!(house.stored(id).await, form.expose());
    house
        .sql("update auth.users set email_confirmed_at = now(), banned_until = now() + interval '1 hour'")
        .await;
    house
        .tries("ada", OLD)
        .await
        .fails(400, "user_banned", "User is banned");
    assert_eq!(house.stored(id).await, form.expose());
}

/// AUTH-PWD-07, MIG-PWD-04: nobody but the migration enters such a hash, and to know it is not to know the password.
#[tokio::test]
async fn the_form_is_no_password_and_no_hash_for_the_admin_api() {
    let mut house = House::new().await;
    let form = carried("7907b3b4f3797322d528ba0665fca6d2");
    let body =
        json!({"email": "eve@example.com", "password_hash": form.expose(), "email_confirm": true});
    house
        .ask(&house.service(), "POST", "/admin/users", &body.to_string())
        .await
        .fails(
            400,
            "validation_failed",
            "password_hash must be a bcrypt, argon2i, argon2id or Firebase scrypt hash",
        );
    // As a password it is one like any other.
    let body = json!({"email": "eve@example.com", "password": form.expose()});
    house.post("/signup", body).await.good();
    refused(&house.tries("eve", OLD).await);
    house.tries("eve", form.expose()).await.good();
    house.import("ada", &form).await;
    refused(&house.tries("ada", form.expose()).await);
    refused(&house.tries("ada", "7907b3b4f3797322d528ba0665fca6d2").await);
}

/// What is written into the table past the import is checked within the same limits.
#[tokio::test]
async fn a_forged_form_is_no_password() {
    let mut house = House::new().await;
    let id = house
        .import("ada", &carried("7907b3b4f3797322d528ba0665fca6d2"))
        .await;
    for forged in [
        "$passerelle$v=1,k=django-pbkdf2-sha256$pbkdf2_sha256$4294967295$seasalt$ZoSVcBXjIHSFDOY9jCePKI+itreZsrmf4NNUXBUYSpA=",
        "$passerelle$v=1,k=phpass$$P$S/Oyhz1gSjas/TPoSZvLYqHdPuQmNu0",
        "$passerelle$v=9,k=md5-hex$7907b3b4f3797322d528ba0665fca6d2",
        "$passerelle$",
    ] {
        let sql = "update auth.users set encrypted_password = $2 where id = $1";
        house.admin.execute(sql, &[&id, &forged]).await.unwrap();
        refused(&house.tries("ada", OLD).await);
        assert_eq!(house.stored(id).await, forged);
    }
}

/// MIG-PWD-04, AUTH-USER-03, AUTH-USER-04: as the current password, and as one that a new one must not be.
#[tokio::test]
async fn an_old_hash_is_the_current_password() {
    let mut settings = settings();
    settings.require_current_password = true;
    let mut house = House::with(settings).await;
    let form = carried("sha1$seasalt$46798c0e13732246c371a6724dce60c11465178d");
    let id = house.import("ada", &form).await;
    let token = text(&house.tries("ada", OLD).await.good(), "access_token");
    let back = "update auth.users set encrypted_password = $2 where id = $1";
    house
        .admin
        .execute(back, &[&id, &form.expose()])
        .await
        .unwrap();
    let body = json!({"password": "another-one", "current_password": "wrong"});
    house.put(&token, "/user", body).await.fails(
        400,
        "current_password_invalid",
        "Current password required when setting new password.",
    );
    let body = json!({"password": OLD, "current_password": OLD});
    house.put(&token, "/user", body).await.fails(
        422,
        "same_password",
        "New password should be different from the old password.",
    );
    assert_eq!(house.stored(id).await, form.expose());
    let body = json!({"password": "another-one", "current_password": OLD});
    house.put(&token, "/user", body).await.good();
    assert!(house.stored(id).await.starts_with("$2a$"));
    house.tries("ada", "another-one").await.good();
}

/// bcrypt looks at 72 bytes; not one byte of an old password stops counting.
#[tokio::test]
async fn a_long_password_counts_to_its_end() {
    let mut house = House::new().await;
    let long = "correct horse ".repeat(8);
    let hash = {
        use sha1::Digest as _;
        hex::encode(sha1::Sha1::digest(&long))
    };
    let id = house.import("ada", &carried(&hash)).await;
    house.tries("ada", &long).await.good();
    let renewed = house.stored(id).await;
    assert!(renewed.starts_with("$argon2id$v=19$"), "{renewed}");
    assert!(import::accepts_hash(&renewed));
    refused(&house.tries("ada", &long[..100]).await);
    house.tries("ada", &long).await.good();
}

/// MIG-PWD-07: a pepper is the auth service's own, named by the hash.
#[tokio::test]
async fn peppers_are_settings() {
    let transforms = vec![
        Transform::parse_common("append-pepper:OLD_PEPPER").unwrap(),
        Transform::Hex(TransformDigest::Sha256),
    ];
    let digest = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest("Kräuter & 42-the pepper"))
    };
    let hash = bcrypt::hash(digest, 4).unwrap();
    let form = Legacy::read(&hash, transforms).unwrap().stored();
    let mut without = House::new().await;
    without.import("ada", &form).await;
    refused(&without.tries("ada", OLD).await);
    let mut settings = settings();
    settings.legacy_peppers = Secret::new(r#"{"OLD_PEPPER":"-the pepper"}"#);
    let mut house = House::with(settings).await;
    house.import("ada", &form).await;
    refused(&house.tries("ada", "Kräuter & 43").await);
    house.tries("ada", OLD).await.good();
}

/// MIG-RBK-02: a replaced hash is no change of the user, a new password is one.
#[tokio::test]
async fn who_only_signed_in_is_unchanged() {
    let mut house = House::new().await;
    let form = carried("7907b3b4f3797322d528ba0665fca6d2");
    let mut ids = Vec::new();
    for name in ["untouched", "signed", "changed"] {
        ids.push(house.import(name, &form).await);
    }
    let digests = import::digests(&house.admin, &ids).await.unwrap();
    house.tries("signed", OLD).await.good();
    let token = text(&house.tries("changed", OLD).await.good(), "access_token");
    let body = json!({"password": "another-one"});
    house.put(&token, "/user", body).await.good();
    assert_eq!(
        import::delete_unchanged(&house.admin, &digests)
            .await
            .unwrap(),
        2
    );
    refused(&house.tries("signed", OLD).await);
    house.tries("changed", "another-one").await.good();
}
