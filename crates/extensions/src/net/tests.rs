//! Refused addresses, headers, failures.

use std::sync::Arc;

use serde_json::json;

use super::client::{Answer, Client};
use super::queue::Request;

fn request(url: &str) -> Request {
    Request {
        id: 1,
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: None,
        body: None,
        timeout_milliseconds: 5_000,
    }
}

fn client(public_only: bool) -> Client {
    let mut settings = settings::Extensions::default();
    settings.net_block_private_addresses = public_only;
    Client::new(&settings).unwrap()
}

async fn refused(request: &Request) -> String {
    let answer = client(true).send(request).await;
    assert_eq!(
        Answer {
            error: None,
            ..answer.clone()
        },
        Answer::default()
    );
    answer.error.unwrap()
}

// DB-SUB-03: private addresses may be blocked by a setting.
#[tokio::test]
async fn requests_to_private_addresses_are_refused_by_number_and_by_name() {
    let sentence = "The address is not public, and extensions.net_block_private_addresses is on";
    assert_eq!(refused(&request("http://127.0.0.1:1/")).await, sentence);
    assert_eq!(refused(&request("http://localhost:1/")).await, sentence);
}

#[tokio::test]
async fn what_cannot_be_sent_says_why_without_the_secret() {
    let mut wrong = request("http://example.com/");
    wrong.headers = Some(json!({"Authorization": "Bearer s3cret\r\nX-Other: 1"}));
    assert_eq!(
        refused(&wrong).await,
        "header \"Authorization\" is not a header that can be sent"
    );
    wrong.headers = None;
    wrong.timeout_milliseconds = 0;
    assert_eq!(
        refused(&wrong).await,
        "timeout_milliseconds must be between 1 and 3600000, got 0"
    );
    assert_eq!(
        refused(&request("ftp://example.com/")).await,
        "Unsupported protocol"
    );
    assert_eq!(
        refused(&request("http://")).await,
        "URL using bad/illegal format or missing URL"
    );
    assert_eq!(
        refused(&request("http://host.invalid/")).await,
        "Couldn't resolve host name"
    );
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named_as_libcurl_does() {
    // A port that only root could listen on, and that nothing is meant for.
    let answer = client(false).send(&request("http://127.0.0.1:1/")).await;
    assert_eq!(answer.error.as_deref(), Some("Couldn't connect to server"));
    assert!(!answer.timed_out);
}

/// One connection, spoken to in TLS with a certificate that nobody vouches for, or not at all.
async fn server(tls: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.into()], key.into())
        .unwrap();
    base::Tasks::new().spawn("server", async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if tls {
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
            let _ = acceptor.accept(stream).await;
        } else {
            use tokio::io::AsyncWriteExt as _;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            std::future::pending::<()>().await;
        }
    });
    url
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let url = server(true).await;
    let answer = client(false).send(&request(&url)).await;
    let sentence = "SSL peer certificate or SSH remote key was not OK";
    assert_eq!(answer.error.as_deref(), Some(sentence));
    let url = server(false).await;
    let answer = client(false).send(&request(&url)).await;
    assert_eq!(answer.error.as_deref(), Some("SSL connect error"));
}
