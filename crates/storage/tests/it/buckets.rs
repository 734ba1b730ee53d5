//! `/bucket`

use serde_json::json;

use crate::house::{ADA, House};

#[tokio::test]
async fn a_bucket_is_made_shown_changed_and_deleted() {
    let house = House::new().await;
    let admin = house.service();
    // STO-BKT-01
    let body = json!({ "id": "avatars", "name": "avatars", "public": true, "file_size_limit": "1MB", "allowed_mime_types": ["image/*", ""] });
    house
        .json(&admin, "POST", "/bucket", &body)
        .await
        .is(200, &json!({ "name": "avatars" }));
    // STO-ERR-13
    house.json(&admin, "POST", "/bucket", &body).await.fails(
        400,
        "409",
        "BucketAlreadyExists",
        "The resource already exists",
    );

    // STO-BKT-03, STO-CLI-02: every field; owner is a text.
    let shown = house.get(&admin, "/bucket/avatars").await;
    assert_eq!(
        shown.header("content-type"),
        "application/json; charset=utf-8"
    ); // STO-HTTP-02
    let mut bucket = shown.json();
    for time in ["created_at", "updated_at"] {
        let text = bucket[time].as_str().unwrap().to_owned();
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
        bucket.as_object_mut().unwrap().remove(time);
    }
    assert_eq!(
        bucket,
        json!({ "id": "avatars", "name": "avatars", "owner": "", "public": true, "file_size_limit": 1_000_000, "allowed_mime_types": ["image/*"] })
    );

    // STO-BKT-04: null clears.
    let change = json!({ "public": false, "file_size_limit": null });
    house
        .json(&admin, "PUT", "/bucket/avatars", &change)
        .await
        .is(200, &json!({ "message": "Successfully updated" }));
    let bucket = house.get(&admin, "/bucket/avatars").await.json();
    assert_eq!(
        (&bucket["public"], &bucket["file_size_limit"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(bucket["allowed_mime_types"], json!(["image/*"]));
    house
        .json(&admin, "PUT", "/bucket/avatars", &json!({}))
        .await
        .fails(
            400,
            "400",
            "InvalidRequest",
            "body must NOT have fewer than 1 properties",
        );
    house
        .json(&admin, "PUT", "/bucket/none", &change)
        .await
        .fails(400, "404", "NoSuchBucket", "Bucket not found");

    // STO-BKT-05; storage-js sends `{}`, others nothing (STO-HTTP-03).
    let reply = house
        .json(&admin, "DELETE", "/bucket/avatars", &json!({}))
        .await;
    reply.is(200, &json!({ "message": "Successfully deleted" }));
    let again = house
        .ask(
            &admin,
            "DELETE",
            "/bucket/avatars",
            &[("content-type", "application/json")],
            "",
        )
        .await;
    again.fails(400, "404", "NoSuchBucket", "Bucket not found");
    // STO-ERR-10
    house.get(&admin, "/bucket/avatars").await.fails(
        400,
        "404",
        "NoSuchBucket",
        "Bucket not found",
    );
}

#[tokio::test]
async fn what_breaks_the_rules_is_refused() {
    let house = House::new().await;
    let admin = house.service();
    let make = async |body| house.json(&admin, "POST", "/bucket", &body).await;
    // STO-HTTP-04
    make(json!({ "id": "x" })).await.fails(
        400,
        "400",
        "InvalidRequest",
        "body must have required property 'name'",
    );
    // STO-ERR-24
    make(json!({ "name": "a/b" })).await.fails(
        400,
        "400",
        "InvalidBucketName",
        "Bucket name invalid",
    );
    // STO-ERR-42
    make(json!({ "name": "a", "file_size_limit": "5 apples" }))
        .await
        .fails(
            400,
            "400",
            "InvalidRequest",
            "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B",
        );
    // STO-BKT-11: not beyond the server's limit.
    make(json!({ "name": "a", "file_size_limit": "1GB" }))
        .await
        .fails(
            400,
            "413",
            "EntityTooLarge",
            "The object exceeded the maximum allowed size",
        );
    make(json!({ "name": "a", "allowed_mime_types": ["image"] }))
        .await
        .fails(
            400,
            "415",
            "InvalidMimeType",
            "mime type image is not supported",
        );
    // STO-HTTP-03
    let empty = house
        .ask(
            &admin,
            "POST",
            "/bucket",
            &[("content-type", "application/json")],
            "",
        )
        .await;
    empty.fails(
        400,
        "400",
        "InvalidRequest",
        "Body cannot be empty when content-type is set to 'application/json'",
    );
    // STO-HTTP-05
    house.get(&admin, "/bucket/a/b").await.is(
        404,
        &json!({ "statusCode": "404", "error": "Not Found", "message": "Route GET:/bucket/a/b not found", "code": "InvalidRequest" }),
    );
}

#[tokio::test]
async fn buckets_are_listed_by_page_order_and_name() {
    let house = House::new().await;
    let admin = house.service();
    for id in ["photos", "docs", "Doctors"] {
        house.bucket(id, false).await;
    }
    let names = async |query: &str| {
        let list = house.get(&admin, &format!("/bucket{query}")).await.json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|bucket| bucket["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // STO-BKT-02
    assert_eq!(
        names("?sortColumn=created_at&sortOrder=asc").await,
        ["photos", "docs", "Doctors"]
    );
    assert_eq!(
        names("?sortColumn=name&limit=1&offset=1&sortOrder=desc").await,
        ["docs"]
    );
    assert_eq!(
        names("?search=DOC&sortColumn=created_at").await,
        ["docs", "Doctors"]
    );
    house.get(&admin, "/bucket?limit=0").await.fails(
        400,
        "400",
        "InvalidRequest",
        "querystring/limit must be >= 1",
    );
    // STO-BKT-13
    let typed = async |client: &str| {
        let reply = house
            .ask(
                &admin,
                "GET",
                "/bucket?limit=1",
                &[("x-client-info", client)],
                "",
            )
            .await;
        reply.json()[0].get("type").cloned()
    };
    assert_eq!(typed("supabase-js/2.1.0").await, Some(json!("STANDARD")));
    assert_eq!(typed("supabase-py/2.17.9").await, None);
    assert_eq!(typed("supabase-py/2.18.0").await, Some(json!("STANDARD")));
    // STO-BKT-15: no policy, nothing to see and nothing to make.
    let ada = house.user(ADA);
    house.get(&ada, "/bucket").await.is(200, &json!([]));
    house
        .get(&ada, "/bucket/docs")
        .await
        .fails(400, "404", "NoSuchBucket", "Bucket not found");
    let made = house
        .json(&ada, "POST", "/bucket", &json!({ "name": "mine" }))
        .await;
    made.fails(
        400,
        "403",
        "AccessDenied",
        "new row violates row-level security policy",
    );
    house
        .json(&ada, "DELETE", "/bucket/docs", &json!({}))
        .await
        .fails(400, "404", "NoSuchBucket", "Bucket not found");
}

#[tokio::test]
async fn a_bucket_is_emptied_and_then_deleted() {
    // STO-BKT-06, STO-BKT-16, STO-DEV-04
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.put(&admin, "b/a.txt", "1").await;
    house.put(&admin, "b/c/d.txt", "2").await;
    // STO-ERR-25
    house
        .json(&admin, "DELETE", "/bucket/b", &json!({}))
        .await
        .fails(
            400,
            "409",
            "ResourceNotEmpty",
            "The bucket you tried to delete is not empty",
        );
    // STO-ERR-19
    let ada = house.user(ADA);
    house
        .json(&ada, "POST", "/bucket/b/empty", &json!({}))
        .await
        .fails(403, "403", "AccessDenied", "Access denied: Invalid role");
    let emptied = house
        .ask(
            &admin,
            "POST",
            "/bucket/b/empty",
            &[("content-type", "application/json")],
            "",
        )
        .await;
    emptied.is(
        200,
        &json!({ "message": "Empty bucket has been queued. Completion may take up to an hour." }),
    );
    house
        .json(&admin, "DELETE", "/bucket/b", &json!({}))
        .await
        .is(200, &json!({ "message": "Successfully deleted" }));
    house.do_jobs().await;
    assert_eq!(house.files(), Vec::<std::path::PathBuf>::new());
}
