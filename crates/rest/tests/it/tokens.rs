//! Which tokens open, and as whom.

use base::Secret;
use serde_json::json;

use crate::server::{SECRET, Server};

fn keys(jwt_keys: &str, secret: &str) -> jwt::Keys {
    let mut settings = settings::Keys::default();
    settings.jwt_keys = Secret::new(jwt_keys);
    settings.jwt_secret = Secret::new(secret);
    jwt::Keys::from_settings(&settings).unwrap()
}

const FIRST: &str = r#"[{"kty":"oct","kid":"first","alg":"HS256","key_ops":["sign","verify"],
    "k":"Zmlyc3QgZmlyc3QgZmlyc3QgZmlyc3QgZmlyc3QgZmlyc3Q"}]"#;
const RENAMED: &str = r#"[{"kty":"oct","kid":"second","alg":"HS256","key_ops":["sign","verify"],
    "k":"Zmlyc3QgZmlyc3QgZmlyc3QgZmlyc3QgZmlyc3QgZmlyc3Q"}]"#;

// REST-JWT-03: a token with `kid` needs that key; without one every key is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_named_must_be_the_one() {
    let both = keys(FIRST, SECRET);
    let server = Server::start_on(|s| s.schemas = vec!["public".into()], both, 4).await;
    let claims = json!({ "role": "authenticated", "sub": "ada" });
    let uri = "/notes?select=owner";
    let named = keys(FIRST, "").sign(&claims);
    assert_eq!(
        server.ask(&named, "GET", uri, &[], "").await.body,
        r#"[{"owner":"ada"}]"#
    );
    let unnamed = jwt::Keys::from_secret(SECRET).unwrap().sign(&claims);
    assert_eq!(server.ask(&unnamed, "GET", uri, &[], "").await.status, 200);
    // The same secret under another name.
    let renamed = keys(RENAMED, "").sign(&claims);
    let refused = server.ask(&renamed, "GET", uri, &[], "").await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.body,
        r#"{"code":"PGRST301","details":"None of the keys was able to decode the JWT","hint":null,"message":"No suitable key or wrong key type"}"#
    );
}
