//! The reference application's own `curl` line, verbatim but for address and key.

use std::process::Command;

use serde_json::{Value, json};

use crate::house::house;

fn curl(arguments: &[&str]) -> Value {
    let output = Command::new("curl")
        .arg("-s")
        .args(arguments)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stdout)))
}

// AUTH-TOK-01, AUTH-ADM-01: an operator makes the user, the user signs in with curl.
#[test]
fn the_seeds_curl_line_signs_in() {
    let house = house();
    let apikey = format!("apikey: {}", house.service_key);
    let body = json!({ "email": "admin@axial.com", "password": "admin123", "email_confirm": true })
        .to_string();
    let made = curl(&[
        "-X",
        "POST",
        &format!("{}/auth/v1/admin/users", house.url),
        "-H",
        &apikey,
        "-H",
        "Content-Type: application/json",
        "-d",
        &body,
    ]);
    assert_eq!(made["email"], "admin@axial.com", "{made}");

    let apikey = format!("apikey: {}", house.anon_key);
    let session = curl(&[
        "-X",
        "POST",
        &format!("{}/auth/v1/token?grant_type=password", house.url),
        "-H",
        &apikey,
        "-H",
        "Content-Type: application/json",
        "-d",
        r#"{"email":"admin@axial.com","password":"admin123"}"#,
    ]);
    assert_eq!(session["token_type"], "bearer", "{session}");
    assert_eq!(session["expires_in"], 3600);
    assert_eq!(session["user"]["email"], "admin@axial.com");
    assert!(
        session["refresh_token"]
            .as_str()
            .is_some_and(|token| !token.is_empty())
    );
}
