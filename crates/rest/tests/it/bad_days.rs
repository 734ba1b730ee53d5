//! Without a database.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use base::{SystemClock, Tasks};
use http::Request;
use tower::ServiceExt as _;
use web::{Health, Service as _};

// REST-CCH-01, REST-SEQ-01, REST-SEQ-02, REST-ERR-02, REST-CLI-07: the token is judged first, then 503 until
// there is a catalog; a preflight needs neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_first_catalog_requests_are_told_to_come_back() {
    let nowhere = pg::Endpoint::parse("host=/nonexistent user=authenticator dbname=x").unwrap();
    let options = pg::PoolOptions {
        application_name: "test".into(),
        size: 1,
        acquire_timeout: Duration::from_secs(1),
    };
    let deps = rest::Deps {
        requests: pg::Requests::new(&nowhere, &pg::RequestOptions::default()),
        catalog: pg::Pool::new(&nowhere, &options).unwrap(),
        listener: nowhere,
        verifier: jwt::Verifier::new(
            jwt::Keys::from_secret("a secret of at least thirty-two characters").unwrap(),
            Arc::new(SystemClock),
        ),
        max_body_bytes: 1 << 20,
    };
    let rest = rest::start(&settings::Rest::default(), deps, &Tasks::new())
        .await
        .unwrap();
    let ask = |request: Request<Body>| {
        let router = rest.router();
        async move {
            let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            (
                parts.status.as_u16(),
                parts.headers,
                String::from_utf8(body.to_vec()).unwrap(),
            )
        }
    };
    let (status, headers, body) =
        ask(Request::get("/customers").body(Body::empty()).unwrap()).await;
    assert_eq!(status, 503);
    assert_eq!(
        body,
        r#"{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache. Retrying."}"#
    );
    assert!(
        headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .is_ok()
    );
    let refused = Request::get("/customers")
        .header("authorization", "Bearer x")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(refused).await.0, 401);
    let preflight = Request::options("/customers")
        .header("origin", "https://x.org")
        .header("access-control-request-method", "GET")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(preflight).await.0, 200);
    assert!(matches!(rest.health().await, Health::Down(_)));
}
