//! Moving and copying.

use serde_json::{Value, json};

use crate::house::{ADA, House};

async fn relocate(
    house: &House,
    token: &str,
    verb: &str,
    from: &str,
    to: &str,
    more: Value,
) -> crate::house::Reply {
    let mut body = json!({ "bucketId": "b", "sourceKey": from, "destinationKey": to });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    house
        .json(token, "POST", &format!("/object/{verb}"), &body)
        .await
}

#[tokio::test]
async fn a_moved_object_keeps_its_id_and_gets_a_version() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.bucket("other", false).await;
    house.put(&admin, "b/a", "text").await;
    house.put(&admin, "b/taken", "x").await;
    let info = async |at: &str| {
        house
            .get(&admin, &format!("/object/info/{at}"))
            .await
            .json()
    };
    let before = info("b/a").await;
    let go = async |from, to, more| relocate(&house, &admin, "move", from, to, more).await;
    // STO-MOV-01
    go("a", "dir/b", json!({}))
        .await
        .is(200, &json!({ "message": "Successfully moved" }));
    let after = info("b/dir/b").await;
    assert_eq!(
        (&before["id"], &before["created_at"], &before["metadata"]),
        (&after["id"], &after["created_at"], &after["metadata"])
    );
    assert_ne!(before["version"], after["version"]);
    assert_eq!(
        house
            .get(&admin, "/object/authenticated/b/dir/b")
            .await
            .text(),
        "text"
    );
    house.get(&admin, "/object/authenticated/b/a").await.fails(
        400,
        "404",
        "NoSuchKey",
        "Object not found",
    );
    // STO-ERR-14
    go("dir/b", "taken", json!({})).await.fails(
        400,
        "409",
        "ResourceAlreadyExists",
        "The resource already exists",
    );
    go("none", "x", json!({}))
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    go("dir/b", "dir/b", json!({}))
        .await
        .is(200, &json!({ "message": "Successfully moved" }));
    go("dir/b", "x[", json!({}))
        .await
        .fails(400, "400", "InvalidKey", "Invalid key: x[");
    // STO-ERR-26
    go("dir/b", "x", json!({ "destinationBucket": "none" }))
        .await
        .fails(
            400,
            "404",
            "InvalidRequest",
            "The related resource does not exist",
        );
    go("dir/b", "x", json!({ "destinationBucket": "other" }))
        .await
        .is(200, &json!({ "message": "Successfully moved" }));
    assert_eq!(
        house
            .get(&admin, "/object/authenticated/other/x")
            .await
            .text(),
        "text"
    );
    house.do_jobs().await;
    assert_eq!(house.files().len(), 2);
}

#[tokio::test]
async fn a_copy_is_an_object_of_its_own() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    let headers = [("content-type", "text/css"), ("x-metadata", "eyJhIjoxfQ==")];
    house
        .ask(&admin, "POST", "/object/b/a", &headers, "text")
        .await;
    // STO-CPY-01
    let copied = relocate(&house, &admin, "copy", "a", "c", json!({})).await;
    let body = copied.json();
    let members: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(members.len(), 13, "{members:?}");
    assert_eq!(
        (&body["Key"], &body["Id"], &body["name"]),
        (&json!("b/c"), &body["id"], &json!("c"))
    );
    assert_eq!(
        (&body["metadata"]["mimetype"], &body["user_metadata"]),
        (&json!("text/css"), &json!({ "a": 1 }))
    );
    // STO-ERR-12
    relocate(&house, &admin, "copy", "a", "c", json!({}))
        .await
        .fails(
            400,
            "409",
            "KeyAlreadyExists",
            "The resource already exists",
        );
    relocate(&house, &admin, "copy", "none", "x", json!({}))
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    // STO-CPY-02, STO-CPY-03
    let changed = json!({ "bucketId": "b", "sourceKey": "a", "destinationKey": "a", "copyMetadata": false, "metadata": { "mimetype": "text/plain", "cacheControl": "max-age=1" } }).to_string();
    let own = house
        .ask(
            &admin,
            "POST",
            "/object/copy",
            &[("x-upsert", "true"), ("x-metadata", "eyJiIjoyfQ==")],
            changed,
        )
        .await
        .json();
    assert_eq!(
        (
            &own["metadata"]["mimetype"],
            &own["metadata"]["cacheControl"]
        ),
        (&json!("text/plain"), &json!("max-age=1"))
    );
    assert_eq!(own["user_metadata"], json!({ "b": 2 }));
    // The source may go; the copy stays.
    house.ask(&admin, "DELETE", "/object/b/a", &[], "").await;
    house.do_jobs().await;
    assert_eq!(
        house.get(&admin, "/object/authenticated/b/c").await.text(),
        "text"
    );
    assert_eq!(house.files().len(), 1);
}

#[tokio::test]
async fn row_security_decides_about_both_ends() {
    // STO-RLS-02
    let house = House::new().await;
    house.bucket("b", false).await;
    house.own_folders().await;
    let ada = house.user(ADA);
    house.put(&ada, &format!("b/{ADA}/a"), "x").await;
    house.put(&house.service(), "b/theirs", "x").await;
    let (mine, outside) = (format!("{ADA}/a"), "outside");
    for verb in ["move", "copy"] {
        let reply = relocate(&house, &ada, verb, &mine, outside, json!({})).await;
        reply.fails(
            400,
            "403",
            "AccessDenied",
            "new row violates row-level security policy",
        );
        let reply = relocate(&house, &ada, verb, "theirs", &format!("{ADA}/t"), json!({})).await;
        reply.fails(400, "404", "NoSuchKey", "Object not found");
    }
    assert_eq!(
        relocate(&house, &ada, "copy", &mine, &format!("{ADA}/b"), json!({}))
            .await
            .json()["owner_id"],
        json!(ADA)
    );
    assert_eq!(
        relocate(&house, &ada, "move", &mine, &format!("{ADA}/c"), json!({}))
            .await
            .status,
        200
    );
}
