//! A real HTTP server that remembers what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use base::Tasks;
use tokio::sync::{Notify, watch};

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    arrived: Arc<Notify>,
    released: Arc<Notify>,
    gate: watch::Sender<bool>,
    pub(crate) url: String,
}

impl Receiver {
    /// Listens until `tasks` is dropped with the test's runtime.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new()
            .route("/slow", any(slow))
            .route("/held", any(held))
            .route("/gate/{n}", any(gate))
            .route("/large", any(large))
            .route("/empty", any(empty))
            .route("/broken", any(broken))
            .route("/loop", any(async || Redirect::temporary("/loop")))
            .route("/moved", any(async || Redirect::to("/landed")))
            .fallback(echo)
            .with_state(receiver.clone());
        Tasks::new().spawn("receiver", async move {
            axum::serve(listener, router).await.unwrap();
        });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until that many requests have come.
    pub(crate) async fn wait_for(&self, requests: usize) {
        loop {
            let arrived = self.arrived.notified();
            if self.received().len() >= requests {
                return;
            }
            arrived.await;
        }
    }

    /// Lets a request to `/held` have its answer.
    pub(crate) fn release(&self) {
        self.released.notify_one();
    }

    /// Lets every request to `/gate/…` have its answer, also those that come later.
    pub(crate) fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    async fn remember(&self, request: Request) -> Received {
        let (parts, body) = request.into_parts();
        let received = Received {
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        };
        self.received.lock().unwrap().push(received.clone());
        self.arrived.notify_waiters();
        received
    }
}

async fn echo(State(receiver): State<Receiver>, request: Request) -> Response {
    let received = receiver.remember(request).await;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/x-echo; charset=utf-8"),
        ),
        (
            header::HeaderName::from_static("x-twice"),
            HeaderValue::from_static("one"),
        ),
    ];
    let mut response = (
        StatusCode::CREATED,
        headers,
        format!("{} {}", received.method, received.target),
    )
        .into_response();
    let twice = HeaderValue::from_static("two");
    response.headers_mut().append("x-twice", twice);
    response
}

/// Answers when nobody waits any more.
async fn slow(State(receiver): State<Receiver>, request: Request) -> StatusCode {
    receiver.remember(request).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    StatusCode::OK
}

/// Answers when it is let go.
async fn held(State(receiver): State<Receiver>, request: Request) -> &'static str {
    receiver.remember(request).await;
    receiver.released.notified().await;
    "at last"
}

/// Answers like everything else, once the gate is open.
async fn gate(State(receiver): State<Receiver>, request: Request) -> StatusCode {
    receiver.remember(request).await;
    let mut gate = receiver.gate.subscribe();
    gate.wait_for(|open| *open).await.unwrap();
    StatusCode::CREATED
}

async fn large() -> Vec<u8> {
    vec![b'x'; 2_000_000]
}

async fn empty() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Text that PostgreSQL could not hold as it is.
async fn broken() -> &'static [u8] {
    b"caf\xe9\0after"
}
