use http_body_util::BodyExt as _;
use web::Failure as _;

use super::*;

async fn check(error: Error, http: u16, body: &str) {
    let response = error.into_response();
    assert_eq!(response.status(), http, "{body}");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(std::str::from_utf8(&bytes).unwrap(), body);
}

/// STO-ERR-01, STO-ERR-02, STO-ERR-04: HTTP 400 for nearly all, the truth in `statusCode`.
#[tokio::test]
#[rustfmt::skip]
async fn the_table_is_what_clients_match_on() {
    // STO-ERR-10
    check(Error::NoSuchBucket, 400, r#"{"statusCode":"404","error":"Bucket not found","message":"Bucket not found","code":"NoSuchBucket"}"#).await;
    // STO-ERR-11
    check(Error::NoSuchKey, 400, r#"{"statusCode":"404","error":"not_found","message":"Object not found","code":"NoSuchKey"}"#).await;
    // STO-ERR-12
    check(Error::KeyExists, 400, r#"{"statusCode":"409","error":"Duplicate","message":"The resource already exists","code":"KeyAlreadyExists"}"#).await;
    // STO-ERR-13
    check(Error::BucketExists, 400, r#"{"statusCode":"409","error":"Duplicate","message":"The resource already exists","code":"BucketAlreadyExists"}"#).await;
    // STO-ERR-14
    check(Error::DestinationExists, 400, r#"{"statusCode":"409","error":"Duplicate","message":"The resource already exists","code":"ResourceAlreadyExists"}"#).await;
    // STO-ERR-17
    check(Error::AccessDenied, 400, r#"{"statusCode":"403","error":"Unauthorized","message":"Access denied","code":"AccessDenied"}"#).await;
    // STO-ERR-19
    check(Error::Role, 403, r#"{"statusCode":"403","error":"Unauthorized","message":"Access denied: Invalid role","code":"AccessDenied"}"#).await;
    // STO-ERR-21
    check(Error::TooLarge, 400, r#"{"statusCode":"413","error":"Payload too large","message":"The object exceeded the maximum allowed size","code":"EntityTooLarge"}"#).await;
    // STO-ERR-22
    check(Error::MimeType("image/x".into()), 400, r#"{"statusCode":"415","error":"invalid_mime_type","message":"mime type image/x is not supported","code":"InvalidMimeType"}"#).await;
    // STO-ERR-23
    check(Error::Key("a[".into()), 400, r#"{"statusCode":"400","error":"InvalidKey","message":"Invalid key: a[","code":"InvalidKey"}"#).await;
    // STO-ERR-24
    check(Error::BucketName, 400, r#"{"statusCode":"400","error":"Invalid Input","message":"Bucket name invalid","code":"InvalidBucketName"}"#).await;
    // STO-ERR-25
    check(Error::BucketNotEmpty, 400, r#"{"statusCode":"409","error":"ResourceNotEmpty","message":"The bucket you tried to delete is not empty","code":"ResourceNotEmpty"}"#).await;
    // STO-ERR-28
    check(Error::Signature, 400, r#"{"statusCode":"400","error":"InvalidSignature","message":"Invalid signature","code":"InvalidSignature"}"#).await;
    // STO-ERR-31
    check(Error::Range, 416, r#"{"statusCode":"400","error":"invalid_range","message":"invalid range provided","code":"InvalidRange"}"#).await;
    // STO-ERR-33
    check(Error::LockTimeout, 400, r#"{"statusCode":"503","error":"acquiring_lock_timeout","message":"acquiring lock timeout","code":"LockTimeout"}"#).await;
    // STO-ERR-34
    check(Error::DatabaseTimeout(String::new()), 544, r#"{"statusCode":"544","error":"DatabaseTimeout","message":"The connection to the database timed out","code":"DatabaseTimeout"}"#).await;
    // STO-ERR-38
    check(Error::Database { code: "XX000".into(), message: "secret".into() }, 500, r#"{"statusCode":"500","error":"DatabaseError","message":"database error, code: XX000","code":"DatabaseError"}"#).await;
    // STO-ERR-39
    check(Error::TooManyConnections(String::new()), 429, r#"{"statusCode":"429","error":"too_many_connections","message":"Too many connections issued to the database","code":"SlowDown"}"#).await;
    // STO-ERR-46
    check(Error::Internal("secret".into()), 500, r#"{"statusCode":"500","error":"Internal","message":"Internal Server Error","code":"InternalError"}"#).await;
    // STO-HTTP-05
    check(Error::Route("GET:/object".into()), 404, r#"{"statusCode":"404","error":"Not Found","message":"Route GET:/object not found","code":"InvalidRequest"}"#).await;
}

#[test]
fn the_file_that_is_gone_is_not_cached() {
    // STO-ERR-43
    let response = Error::FileGone.into_response();
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}
