//! Signed URLs.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{ADA, BOB, House};

#[tokio::test]
async fn a_signed_address_opens_one_object_for_a_while() {
    let house = House::new().await;
    house.bucket("b", false).await;
    house.own_folders().await;
    let (ada, bob) = (house.user(ADA), house.user(BOB));
    let key = format!("{ADA}/a b.txt");
    let path = format!("b/{ADA}/a%20b.txt");
    house.put(&ada, &path, "text").await;
    // STO-SIG-01
    let signed = house
        .json(
            &ada,
            "POST",
            &format!("/object/sign/{path}"),
            &json!({ "expiresIn": "60" }),
        )
        .await
        .json();
    let url = signed["signedURL"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with(&format!("/object/sign/b/{key}?token=ey")),
        "{url}"
    );
    house
        .json(
            &bob,
            "POST",
            &format!("/object/sign/{path}"),
            &json!({ "expiresIn": 60 }),
        )
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    let bad = house
        .json(
            &ada,
            "POST",
            &format!("/object/sign/{path}"),
            &json!({ "expiresIn": 0 }),
        )
        .await;
    bad.fails(400, "400", "InvalidRequest", "body/expiresIn must be >= 1");
    // STO-SIG-05, STO-DL-04, STO-DL-17, STO-RLS-03
    let url = url.replace(' ', "%20");
    let got = house.get("", &url).await;
    assert_eq!((got.text(), got.header("cache-control")), ("text", ""));
    let expires = house.clock_header(60);
    assert_eq!(got.header("expires"), expires);
    assert_eq!(house.ask("", "HEAD", &url, &[], "").await.status, 200);
    assert_eq!(
        house
            .get("", &format!("{url}&download=x"))
            .await
            .header("content-disposition"),
        "attachment; filename=x; filename*=UTF-8''x"
    );
    // STO-ERR-28, STO-ERR-29, STO-ERR-30
    let token = url.split_once("token=").unwrap().1.to_owned();
    house
        .get("", &format!("/object/sign/b/other?token={token}"))
        .await
        .fails(400, "400", "InvalidSignature", "Invalid signature");
    house.get("", &format!("/object/sign/{path}")).await.fails(
        400,
        "400",
        "InvalidRequest",
        "querystring must have required property 'token'",
    );
    house
        .get("", &format!("/object/sign/{path}?token=x"))
        .await
        .fails(400, "400", "InvalidJWT", "Invalid Compact JWS");
    let put = house
        .ask(
            "",
            "PUT",
            &format!("/object/upload/sign/{path}?token={token}"),
            &[],
            "x",
        )
        .await;
    put.fails(
        400,
        "400",
        "InvalidSignature",
        "Token is not scoped for upload",
    );
    house.clock.advance(TimeDelta::seconds(61));
    house.get("", &url).await.fails(
        400,
        "400",
        "InvalidJWT",
        "\"exp\" claim timestamp check failed",
    );
}

#[tokio::test]
async fn many_are_signed_in_order() {
    // STO-SIG-04
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.put(&admin, "b/a", "1").await;
    house.put(&admin, "b/c", "1").await;
    let body = json!({ "expiresIn": 60, "paths": ["c", "none", "a"] });
    let signed = house
        .json(&admin, "POST", "/object/sign/b", &body)
        .await
        .json();
    assert_eq!(
        (&signed[0]["path"], &signed[0]["error"]),
        (&json!("c"), &json!(null))
    );
    assert!(
        signed[2]["signedURL"]
            .as_str()
            .unwrap()
            .starts_with("/object/sign/b/a?token=")
    );
    assert_eq!(
        signed[1],
        json!({ "error": "Either the object does not exist or you do not have access to it", "path": "none", "signedURL": null })
    );
    // STO-LIM-04
    let many: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
    let bad = house
        .json(
            &admin,
            "POST",
            "/object/sign/b",
            &json!({ "expiresIn": 60, "paths": many }),
        )
        .await;
    bad.fails(
        400,
        "400",
        "InvalidRequest",
        "body/paths must NOT have more than 1000 items",
    );
}

#[tokio::test]
async fn a_signed_upload_needs_no_token() {
    let house = House::new().await;
    house.bucket("b", false).await;
    house.own_folders().await;
    let (ada, bob) = (house.user(ADA), house.user(BOB));
    let path = format!("/object/upload/sign/b/{ADA}/a");
    // STO-SUP-01
    let signed = house.ask(&ada, "POST", &path, &[], "").await.json();
    let (url, token) = (
        signed["url"].as_str().unwrap(),
        signed["token"].as_str().unwrap(),
    );
    assert_eq!(url, format!("{path}?token={token}"));
    house.ask(&bob, "POST", &path, &[], "").await.fails(
        400,
        "403",
        "AccessDenied",
        "new row violates row-level security policy",
    );
    house
        .ask(&ada, "POST", "/object/upload/sign/none/a", &[], "")
        .await
        .fails(
            400,
            "404",
            "InvalidRequest",
            "The related resource does not exist",
        );
    // STO-SUP-03
    let put = async |url: &str| {
        house
            .ask("", "PUT", url, &[("content-type", "text/plain")], "text")
            .await
    };
    put(url)
        .await
        .is(200, &json!({ "Key": format!("b/{ADA}/a") }));
    put(url).await.fails(
        400,
        "409",
        "KeyAlreadyExists",
        "The resource already exists",
    );
    let owner = house
        .admin
        .query_one("select owner_id from storage.objects", &[])
        .await
        .unwrap();
    assert_eq!(owner.get::<_, &str>(0), ADA);
    put(&format!("/object/upload/sign/b/other?token={token}"))
        .await
        .fails(400, "400", "InvalidSignature", "Invalid signature");
    let download = house
        .get("", &format!("/object/sign/b/{ADA}/a?token={token}"))
        .await;
    download.fails(
        400,
        "400",
        "InvalidSignature",
        "Token is not scoped for download",
    );
    let upsert = house
        .ask(&ada, "POST", &path, &[("x-upsert", "true")], "")
        .await
        .json();
    assert_eq!(put(upsert["url"].as_str().unwrap()).await.status, 200);
    // STO-SUP-02, STO-DEV-03
    house.clock.advance(TimeDelta::seconds(7199));
    assert_eq!(put(upsert["url"].as_str().unwrap()).await.status, 200);
    house.clock.advance(TimeDelta::seconds(2));
    put(upsert["url"].as_str().unwrap()).await.fails(
        400,
        "400",
        "InvalidJWT",
        "\"exp\" claim timestamp check failed",
    );
}
