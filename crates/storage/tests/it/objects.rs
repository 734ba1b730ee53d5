//! Downloads, `HEAD`, and deletes.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn a_download_says_what_it_is() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", true).await;
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "max-age=60"),
    ];
    house
        .ask(&admin, "POST", "/object/b/page.html", &headers, "<b>hi</b>")
        .await;
    // STO-DL-01, STO-DL-11, STO-DL-12
    let got = house.get("", "/object/public/b/page.html").await;
    assert_eq!((got.status.as_u16(), got.text()), (200, "<b>hi</b>"));
    assert_eq!(got.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(got.header("content-length"), "9");
    assert_eq!(got.header("cache-control"), "max-age=60");
    assert_eq!(got.header("accept-ranges"), "bytes");
    assert_eq!(got.header("x-robots-tag"), "none");
    let etag = got.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() == 34, "{etag}");
    // STO-DL-13
    let disposition = async |query: &str| {
        house
            .get("", &format!("/object/public/b/page.html{query}"))
            .await
            .header("content-disposition")
            .to_owned()
    };
    assert_eq!(disposition("").await, "");
    assert_eq!(disposition("?download").await, "attachment;");
    assert_eq!(disposition("?download=").await, "attachment;");
    assert_eq!(
        disposition("?download=a%20b.txt").await,
        "attachment; filename=a%20b.txt; filename*=UTF-8''a%20b.txt"
    );
    // STO-DL-05
    let head = house
        .ask("", "HEAD", "/object/public/b/page.html", &[], "")
        .await;
    assert_eq!(
        (
            head.status.as_u16(),
            head.text(),
            head.header("content-length")
        ),
        (200, "", "9")
    );
    assert_eq!(head.header("etag"), etag);
    // STO-DL-18, STO-HTTP-09
    let head = house
        .ask("", "HEAD", "/object/public/b/none", &[], "")
        .await;
    assert_eq!((head.status.as_u16(), head.text()), (400, ""));
    let head = house
        .ask(
            "",
            "HEAD",
            "/object/public/b/page.html",
            &[("if-none-match", &etag)],
            "",
        )
        .await;
    assert_eq!(head.status, 200);
    let head = house
        .ask(
            "",
            "HEAD",
            "/object/public/b/page.html",
            &[("if-none-match", "\"x\"")],
            "",
        )
        .await;
    assert_eq!(head.header("cache-control"), "max-age=60, must-revalidate");
}

#[tokio::test]
async fn conditions_and_ranges_are_honored() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", true).await;
    house.put(&admin, "b/a", "0123456789").await;
    house.put(&admin, "b/empty", "").await;
    let get = async |headers: &[(&str, &str)]| {
        house
            .ask("", "GET", "/object/public/b/a", headers, "")
            .await
    };
    let whole = get(&[]).await;
    let (etag, modified) = (
        whole.header("etag").to_owned(),
        whole.header("last-modified").to_owned(),
    );
    // STO-DL-14
    let same = get(&[("if-none-match", &etag)]).await;
    assert_eq!(
        (same.status.as_u16(), same.text(), same.header("etag")),
        (304, "", &*etag)
    );
    assert_eq!(get(&[("if-modified-since", &modified)]).await.status, 304);
    assert_eq!(
        get(&[("if-none-match", "\"x\""), ("if-modified-since", &modified)])
            .await
            .status,
        200
    );
    // STO-DL-15
    assert_eq!(
        get(&[("if-none-match", "\"x\"")])
            .await
            .header("cache-control"),
        "no-cache, stale-while-revalidate=30"
    );
    // STO-DL-16
    for (range, text, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
        ("bytes=5-500", "56789", "bytes 5-9/10"),
    ] {
        let part = get(&[("range", range)]).await;
        assert_eq!(
            (
                part.status.as_u16(),
                part.text(),
                part.header("content-range")
            ),
            (206, text, content_range)
        );
        assert_eq!(part.header("content-length"), text.len().to_string());
    }
    for range in ["bytes=10-", "bytes=2-1", "bytes=0-1,3-4", "lines=1-2"] {
        get(&[("range", range)])
            .await
            .fails(416, "400", "InvalidRange", "invalid range provided");
    }
    let empty = house
        .ask(
            "",
            "GET",
            "/object/public/b/empty",
            &[("range", "bytes=0-")],
            "",
        )
        .await;
    empty.fails(416, "400", "InvalidRange", "invalid range provided");
}

#[tokio::test]
async fn private_objects_need_a_token() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("private", false).await;
    house.bucket("public", true).await;
    house.put(&admin, "private/a", "secret").await;
    house.put(&admin, "public/a", "open").await;
    // STO-DL-01, STO-DL-03
    house.get("", "/object/public/private/a").await.fails(
        400,
        "404",
        "NoSuchBucket",
        "Bucket not found",
    );
    house
        .get("", "/object/private/a")
        .await
        .fails(400, "404", "NoSuchBucket", "Bucket not found");
    assert_eq!(house.get("", "/object/public/a").await.text(), "open");
    // STO-DL-02, STO-ERR-11
    house
        .get("", "/object/authenticated/private/a")
        .await
        .fails(400, "403", "AccessDenied", "Invalid Compact JWS");
    let anon = house.token("anon", None);
    house
        .get(&anon, "/object/authenticated/private/a")
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    assert_eq!(
        house
            .get(&admin, "/object/authenticated/private/a")
            .await
            .text(),
        "secret"
    );
    assert_eq!(
        house.get(&admin, "/object/private/a").await.text(),
        "secret"
    );
    house
        .get(&admin, "/object/authenticated/none/a")
        .await
        .fails(400, "404", "NoSuchBucket", "Bucket not found");
    // STO-DL-10
    assert_eq!(
        house
            .get(&anon, "/object/authenticated/public/a")
            .await
            .text(),
        "open"
    );
    // STO-DL-06
    assert_eq!(
        house.get("", "/object/info/public/public/a").await.json()["size"],
        json!(4)
    );
    house.get(&anon, "/object/info/private/a").await.fails(
        400,
        "404",
        "NoSuchKey",
        "Object not found",
    );
}

#[tokio::test]
async fn deleting_removes_row_and_bytes() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    for at in ["b/a", "b/c", "b/d"] {
        house.put(&admin, at, "x").await;
    }
    // STO-DEL-01
    let delete = async |path: &str| house.ask(&admin, "DELETE", path, &[], "").await;
    delete("/object/b/a")
        .await
        .is(200, &json!({ "message": "Successfully deleted" }));
    delete("/object/b/a")
        .await
        .fails(400, "404", "NoSuchKey", "Object not found");
    // STO-DEL-02
    let gone = house
        .json(
            &admin,
            "DELETE",
            "/object/b",
            &json!({ "prefixes": ["c", "none", "d"] }),
        )
        .await
        .json();
    let mut names: Vec<_> = gone
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["c", "d"]);
    let members: Vec<_> = gone[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "name",
            "bucket_id",
            "owner",
            "owner_id",
            "version",
            "id",
            "updated_at",
            "created_at",
            "last_accessed_at",
            "metadata",
            "user_metadata"
        ]
    );
    house
        .json(&admin, "DELETE", "/object/b", &json!({ "prefixes": ["c"] }))
        .await
        .is(200, &json!([]));
    let none = house
        .json(&admin, "DELETE", "/object/b", &json!({ "prefixes": [] }))
        .await;
    none.fails(
        400,
        "400",
        "InvalidRequest",
        "body/prefixes must NOT have fewer than 1 items",
    );
    // STO-DEL-04
    house.do_jobs().await;
    assert_eq!(house.files().len(), 0);
}

#[tokio::test]
async fn a_row_without_bytes_is_listed_refused_and_deletable() {
    // STO-SQL-18, STO-SQL-17
    let house = House::new().await;
    let admin = house.service();
    house
        .sql("insert into storage.buckets (id, name, public) values ('made', 'made', true)")
        .await;
    house
        .sql("insert into storage.objects (bucket_id, name) values ('made', 'ghost')")
        .await;
    let got = house.get("", "/object/public/made/ghost").await;
    // STO-ERR-43
    got.fails(400, "404", "NoSuchKey", "The resource was not found");
    assert_eq!(got.header("cache-control"), "no-store");
    let list = house
        .json(
            &admin,
            "POST",
            "/object/list/made",
            &json!({ "prefix": "" }),
        )
        .await
        .json();
    assert_eq!(list[0]["name"], json!("ghost"));
    house
        .ask(&admin, "DELETE", "/object/made/ghost", &[], "")
        .await
        .is(200, &json!({ "message": "Successfully deleted" }));
}

#[tokio::test]
async fn the_service_tells_how_it_is() {
    // STO-OPS-01
    let house = House::new().await;
    let status = house.get("", "/status").await;
    assert_eq!((status.status.as_u16(), status.text()), (200, ""));
    assert_eq!(
        house.get("", "/version").await.header("content-type"),
        "text/plain; charset=utf-8"
    );
    house
        .get(&house.service(), "/health")
        .await
        .is(200, &json!({ "healthy": true }));
    house
        .get("", "/health")
        .await
        .fails(400, "403", "AccessDenied", "Invalid Compact JWS");
    assert_eq!(
        web::Service::health(&house.storage).await,
        web::Health::Ready
    );
}

#[tokio::test]
async fn what_the_application_refers_to_stays() {
    // STO-ERR-27
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    house.put(&admin, "b/a", "x").await;
    house
        .sql(
            "create table public.posts (picture uuid references storage.objects (id));
             insert into public.posts select id from storage.objects",
        )
        .await;
    house.ask(&admin, "DELETE", "/object/b/a", &[], "").await.fails(
        400,
        "409",
        "ResourceReferenced",
        "The resource is still referenced by table \"posts\" (constraint \"posts_picture_fkey\")",
    );
    assert_eq!(
        house.get(&admin, "/object/authenticated/b/a").await.text(),
        "x"
    );
}
