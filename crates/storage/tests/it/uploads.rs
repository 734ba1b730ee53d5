//! Uploads: both body forms, limits, what is stored and what is left behind.

use std::fmt::Write as _;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use serde_json::json;

use crate::house::{ADA, House};

const BOUNDARY: &str = "----formdata-undici-0123456789";

fn form(fields: &[(&str, &str)], file: &str) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        let _ = write!(
            body,
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body + &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"\"; filename=\"blob\"\r\nContent-Type: text/css\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n"
    )
}

fn form_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

#[tokio::test]
async fn a_raw_body_is_stored_with_what_its_headers_say() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    let metadata = STANDARD.encode(r#"{"a":1}"#);
    let headers = [
        ("content-type", "text/css; charset=utf-8"),
        ("cache-control", "max-age=99, must-revalidate"),
        ("x-metadata", &*metadata),
        ("x-robots-tag", "noindex"),
    ];
    let reply = house
        .ask(&admin, "POST", "/object/b/dir/a.css", &headers, "hello")
        .await;
    let id = reply.json()["Id"].clone();
    // STO-UPL-02
    reply.is(200, &json!({ "Key": "b/dir/a.css", "Id": id }));
    // STO-DL-19, STO-UPL-03, STO-UPL-10, STO-UPL-11
    let mut info = house.get(&admin, "/object/info/b/dir/a.css").await.json();
    let members = info.as_object_mut().unwrap();
    for name in ["version", "last_modified", "created_at"] {
        assert!(members.remove(name).unwrap().is_string(), "{name}");
    }
    assert_eq!(
        info,
        json!({
            "id": id, "name": "dir/a.css", "bucket_id": "b", "size": 5, "content_type": "text/css; charset=utf-8",
            "cache_control": "max-age=99, must-revalidate", "etag": "\"5d41402abc4b2a76b9719d911017c592\"",
            "metadata": { "a": 1 },
        })
    );
    let got = house.get(&admin, "/object/authenticated/b/dir/a.css").await;
    assert_eq!(got.header("x-robots-tag"), "noindex"); // STO-UPL-05

    // STO-UPL-04
    let bare = house.ask(&admin, "POST", "/object/b/bare", &[], "").await;
    assert_eq!(bare.status, 200); // STO-UPL-14
    let info = house.get(&admin, "/object/info/b/bare").await.json();
    assert_eq!(info["metadata"], json!({}));
    assert_eq!(info["content_type"], json!("application/octet-stream"));
    assert_eq!(info["cache_control"], json!("no-cache"));
    assert_eq!(info["size"], json!(0));
    let bad = house
        .ask(
            &admin,
            "POST",
            "/object/b/bad",
            &[("x-metadata", "bm8=")],
            "x",
        )
        .await;
    bad.fails(
        400,
        "400",
        "InvalidRequest",
        "user metadata must be a JSON object",
    );
    // STO-ERR-40
    let bad = house
        .ask(
            &admin,
            "POST",
            "/object/b/bad",
            &[("x-robots-tag", "maybe")],
            "x",
        )
        .await;
    bad.fails(
        400,
        "400",
        "InvalidRequest",
        "Invalid X-Robots-Tag header: unknown rule \"maybe\"",
    );
    // STO-ERR-44
    let bad = house
        .ask(
            &admin,
            "POST",
            "/object/b/bad",
            &[("content-type", "text")],
            "x",
        )
        .await;
    bad.fails(400, "415", "InvalidMimeType", "Invalid Content-Type header");
}

#[tokio::test]
async fn a_form_is_stored_with_what_its_fields_say() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    let kind = form_type();
    let headers = [("content-type", kind.as_str())];
    // STO-UPL-03, STO-CLI-01
    let body = form(
        &[("cacheControl", "3600"), ("metadata", r#"{"by":"ada"}"#)],
        "body{}",
    );
    let reply = house
        .ask(&admin, "POST", "/object/b/a.css", &headers, body)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let got = house.get(&admin, "/object/authenticated/b/a.css").await;
    assert_eq!(
        (
            got.text(),
            got.header("content-type"),
            got.header("cache-control")
        ),
        ("body{}", "text/css", "max-age=3600")
    );
    let info = house.get(&admin, "/object/info/b/a.css").await.json();
    assert_eq!(info["metadata"], json!({ "by": "ada" }));

    let reply = house
        .ask(
            &admin,
            "PUT",
            "/object/b/a.css",
            &headers,
            form(&[("contentType", "text/plain")], "x"),
        )
        .await;
    assert_eq!(reply.status, 200);
    let got = house.get(&admin, "/object/authenticated/b/a.css").await;
    assert_eq!(
        (got.header("content-type"), got.header("cache-control")),
        ("text/css", "no-cache")
    );

    // STO-ERR-41
    let nothing = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"cacheControl\"\r\n\r\n1\r\n--{BOUNDARY}--\r\n"
    );
    let reply = house
        .ask(&admin, "POST", "/object/b/none", &headers, nothing)
        .await;
    reply.fails(400, "400", "InvalidRequest", "No content provided");
    // STO-LIM-03
    let many: Vec<_> = (0..12).map(|_| ("f", "v")).collect();
    let reply = house
        .ask(&admin, "POST", "/object/b/many", &headers, form(&many, "x"))
        .await;
    assert_eq!(reply.json()["statusCode"], json!("413"));
}

#[tokio::test]
async fn an_existing_object_is_replaced_only_on_request() {
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    let first = house.put(&admin, "b/a", "one").await.json();
    // STO-ERR-12
    house.put(&admin, "b/a", "two").await.is(
        400,
        &json!({ "statusCode": "409", "error": "Duplicate", "message": "The resource already exists", "code": "KeyAlreadyExists" }),
    );
    // STO-UPL-01, STO-UPL-10: the id stays.
    let second = house
        .ask(
            &admin,
            "POST",
            "/object/b/a",
            &[("x-upsert", "true")],
            "two",
        )
        .await
        .json();
    assert_eq!(first["Id"], second["Id"]);
    let third = house
        .ask(&admin, "PUT", "/object/b/a", &[], "three")
        .await
        .json();
    assert_eq!(first["Id"], third["Id"]);
    assert_eq!(
        house
            .ask(&admin, "PUT", "/object/b/new", &[], "new")
            .await
            .status,
        200
    );
    assert_eq!(
        house.get(&admin, "/object/authenticated/b/a").await.text(),
        "three"
    );
    // STO-UPL-06: the versions that were replaced go.
    assert_eq!(house.files().len(), 4);
    house.do_jobs().await;
    assert_eq!(house.files().len(), 2);
}

#[tokio::test]
async fn limits_and_types_are_kept() {
    let house = House::new().await;
    let admin = house.service();
    let body = json!({ "name": "b", "file_size_limit": 4, "allowed_mime_types": ["text/plain"] });
    house.json(&admin, "POST", "/bucket", &body).await;
    // STO-ERR-21, STO-LIM-01, STO-LIM-02: announced, and not.
    let announced = house
        .ask(
            &admin,
            "POST",
            "/object/b/a",
            &[("content-type", "text/plain"), ("content-length", "5")],
            "12345",
        )
        .await;
    announced.fails(
        400,
        "413",
        "EntityTooLarge",
        "The object exceeded the maximum allowed size",
    );
    let chunks =
        stream::iter(["123", "45"].map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk))));
    let silent = house
        .ask(
            &admin,
            "POST",
            "/object/b/a",
            &[("content-type", "text/plain")],
            Body::from_stream(chunks),
        )
        .await;
    silent.fails(
        400,
        "413",
        "EntityTooLarge",
        "The object exceeded the maximum allowed size",
    );
    // STO-ERR-22, STO-UPL-12
    let odd = house
        .ask(
            &admin,
            "POST",
            "/object/b/a",
            &[("content-type", "image/png")],
            "1",
        )
        .await;
    odd.fails(
        400,
        "415",
        "InvalidMimeType",
        "mime type image/png is not supported",
    );
    // STO-KEY-03, STO-KEY-04
    let folder = house
        .ask(
            &admin,
            "POST",
            "/object/b/dir/.emptyFolderPlaceholder",
            &[("content-type", "image/png")],
            "",
        )
        .await;
    assert_eq!(folder.status, 200);
    let full = house
        .ask(
            &admin,
            "POST",
            "/object/b/dir2/.emptyFolderPlaceholder",
            &[],
            "1",
        )
        .await;
    full.fails(
        400,
        "413",
        "EntityTooLarge",
        "The object exceeded the maximum allowed size",
    );
    // STO-ERR-23, STO-KEY-01
    for (path, key) in [
        ("a%5B1%5D", "a[1]"),
        ("caf%C3%A9", "café"),
        ("a%00", "a\0"),
        ("", ""),
    ] {
        let reply = house
            .ask(
                &admin,
                "POST",
                &format!("/object/b/{path}"),
                &[("content-type", "text/plain")],
                "1",
            )
            .await;
        reply.fails(400, "400", "InvalidKey", &format!("Invalid key: {key}"));
    }
    // STO-KEY-02
    let long = "k".repeat(1024);
    assert_eq!(
        house.put(&admin, &format!("b/{long}"), "1").await.status,
        200
    );
    assert_eq!(
        house
            .get(&admin, &format!("/object/authenticated/b/{long}"))
            .await
            .text(),
        "1"
    );
    // STO-UPL-06: the bucket is looked for first.
    house.put(&house.user(ADA), "none/[", "1").await.fails(
        400,
        "404",
        "NoSuchBucket",
        "Bucket not found",
    );
    assert_eq!(house.files().len(), 2);
}

#[tokio::test]
async fn no_key_leaves_the_folder() {
    // STO-HTTP-08, STO-FS-02
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    for path in [
        "../../../escape",
        "%2e%2e/%2e%2e/escape",
        "..%2F..%2Fx",
        "a/../../b",
        "/etc/passwd",
        "a",
        "a/b",
        "A",
    ] {
        let text: &'static str = Box::leak(path.to_owned().into_boxed_str());
        assert_eq!(
            house.put(&admin, &format!("b/{path}"), text).await.status,
            200,
            "{path}"
        );
        assert_eq!(
            house
                .get(&admin, &format!("/object/authenticated/b/{path}"))
                .await
                .text(),
            path
        );
    }
    let versions = house.folder().join("storage/versions");
    assert!(house.files().iter().all(|file| file.starts_with(&versions)));
    let around = std::fs::read_dir(house.folder()).unwrap().count();
    assert_eq!(around, 1);
    // An encoded slash is a slash.
    assert_eq!(
        house
            .get(&admin, "/object/authenticated/b/a%2Fb")
            .await
            .text(),
        "a/b"
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    // STO-UPL-13, STO-HTTP-07
    let house = House::new().await;
    let admin = house.service();
    house.bucket("b", false).await;
    let chunks = stream::iter([
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("gone")),
    ]);
    let reply = house
        .ask(
            &admin,
            "POST",
            "/object/b/a",
            &[],
            Body::from_stream(chunks),
        )
        .await;
    assert_eq!(reply.json()["statusCode"], json!("400"));
    assert_eq!(house.files().len(), 0);

    // A client that goes away while its body is under way: the request is dropped where it stands.
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }));
    let request = Request::post("/object/b/a")
        .header("authorization", format!("Bearer {admin}"))
        .body(body)
        .unwrap();
    {
        let mut upload = std::pin::pin!(house.send(request));
        // Enough to be written; the channel holds one, so the second and third are taken by the upload.
        for _ in 0..3 {
            let chunk = Ok(Bytes::from(vec![0; 600_000]));
            tokio::select! {
                _ = &mut upload => panic!("the body has not ended"),
                sent = sender.send(chunk) => sent.unwrap(),
            }
        }
    }
    // What was being written is let go of by the blocking task when it ends.
    while !house.files().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.count("select count(*) from storage.objects").await, 0);
}

#[tokio::test]
async fn a_large_upload_and_download_need_little_memory() {
    // STO-DL-21
    let mut settings = settings::Storage::default();
    settings.file_size_limit = settings::ByteSize(1 << 30);
    let house = House::with(settings).await;
    let admin = house.service();
    house.bucket("b", false).await;
    let peak_before = peak_kilobytes();
    let chunk = Bytes::from(vec![7; 64 * 1024]);
    let chunks = stream::iter((0..3200).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let reply = house
        .ask(
            &admin,
            "POST",
            "/object/b/big",
            &[],
            Body::from_stream(chunks),
        )
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let request = Request::get("/object/authenticated/b/big")
        .header("authorization", format!("Bearer {admin}"));
    let response = house.send(request.body(Body::empty()).unwrap()).await;
    let mut left = 3200 * 64 * 1024;
    let mut body = response.into_body().into_data_stream();
    while let Some(chunk) = futures_util::StreamExt::next(&mut body).await {
        left -= chunk.unwrap().len();
    }
    assert_eq!(left, 0);
    let grown = peak_kilobytes().saturating_sub(peak_before);
    // Other tests of this process take some meanwhile.
    assert!(
        grown < 100 * 1024,
        "{grown} kB more at the peak for 200 MiB"
    );
}

/// The most memory that this process has had.
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn without_a_good_token_nothing_is_taken() {
    let house = House::new().await;
    house.bucket("b", true).await;
    // STO-TOK-02
    house
        .put("", "b/a", "1")
        .await
        .fails(400, "403", "AccessDenied", "Invalid Compact JWS");
    // STO-ERR-18
    house.put("nonsense", "b/a", "1").await.fails(
        400,
        "403",
        "AccessDenied",
        "Invalid Compact JWS",
    );
    let foreign = jwt::Keys::from_secret("another-secret-of-thirty-two-bytes!!").unwrap();
    let token = foreign.sign(&json!({ "role": "service_role" }));
    house.put(&token, "b/a", "1").await.fails(
        400,
        "403",
        "AccessDenied",
        "signature verification failed",
    );
    let token = house
        .keys
        .sign(&json!({ "role": "service_role", "exp": 1000 }));
    house.put(&token, "b/a", "1").await.fails(
        400,
        "403",
        "AccessDenied",
        "\"exp\" claim timestamp check failed",
    );
    // STO-TOK-03
    let token = house.token("nobody", None);
    house.put(&token, "b/a", "1").await.fails(
        400,
        "403",
        "AccessDenied",
        "role \"nobody\" does not exist",
    );
    // STO-TOK-01: no role is anon.
    let token = house.keys.sign(&json!({ "sub": ADA }));
    house.put(&token, "b/a", "1").await.fails(
        400,
        "403",
        "AccessDenied",
        "new row violates row-level security policy",
    );
}
