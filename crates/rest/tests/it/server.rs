//! A service on a database of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use base::{SystemClock, Tasks};
use http::{HeaderMap, Request};
use serde_json::json;
use testkit::{Postgres, TestDatabase};
use tower::ServiceExt as _;
use web::Service as _;

pub(crate) const SECRET: &str = "a secret of at least thirty-two characters";

static ROLES: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();

/// A running service.
pub(crate) struct Server {
    pub(crate) database: TestDatabase,
    pub(crate) rest: rest::Rest,
    router: Router,
    keys: jwt::Keys,
    _tasks: Tasks,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Server {
    pub(crate) async fn start(schemas: &[&str]) -> Self {
        Self::start_with(|settings| {
            settings.schemas = schemas.iter().map(|s| (*s).to_owned()).collect();
        })
        .await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut settings::Rest)) -> Self {
        let keys = jwt::Keys::from_secret(SECRET).expect("a good secret");
        Self::start_on(adjust, keys, 16).await
    }

    /// With keys of its own, on so many connections.
    pub(crate) async fn start_on(
        adjust: impl FnOnce(&mut settings::Rest),
        keys: jwt::Keys,
        connections: usize,
    ) -> Self {
        let database = Postgres::shared().database().await;
        let client = database.connect().await;
        // Roles belong to the cluster, which all tests of this process share.
        ROLES
            .get_or_init(|| async {
                client
                    .batch_execute(include_str!("../roles.sql"))
                    .await
                    .expect("the roles are new");
            })
            .await;
        client
            .batch_execute(concat!(
                include_str!("../fixture.sql"),
                include_str!("../relations.sql"),
                include_str!("../odds.sql"),
                include_str!("../media.sql"),
                include_str!("../described.sql"),
                include_str!("../guarded.sql"),
            ))
            .await
            .expect("the fixture is good SQL");
        let options = pg::RequestOptions {
            size: connections,
            acquire_timeout: Duration::from_secs(120),
            ..pg::RequestOptions::default()
        };
        Self::start_in(database, adjust, keys, &options).await
    }

    /// In a database that is there already.
    pub(crate) async fn start_in(
        database: TestDatabase,
        adjust: impl FnOnce(&mut settings::Rest),
        keys: jwt::Keys,
        options: &pg::RequestOptions,
    ) -> Self {
        let login = database.admin().with_login("authenticator", "");
        let mut settings = settings::Rest::default();
        adjust(&mut settings);
        let pool = pg::Pool::new(
            &login,
            &pg::PoolOptions {
                application_name: "test".into(),
                size: 2,
                acquire_timeout: Duration::from_secs(120),
            },
        )
        .expect("a pool");
        let tasks = Tasks::new();
        let deps = rest::Deps {
            requests: pg::Requests::new(&login, options),
            catalog: pool,
            listener: login,
            verifier: jwt::Verifier::new(keys.clone(), Arc::new(SystemClock)),
            max_body_bytes: 1 << 20,
        };
        let rest = rest::start(&settings, deps, &tasks)
            .await
            .expect("the settings are good");
        rest.catalog().ready().await.expect("a catalog");
        Self {
            router: rest.router(),
            rest,
            database,
            keys,
            _tasks: tasks,
        }
    }

    pub(crate) fn token(&self, role: &str, subject: &str) -> String {
        self.keys
            .sign(&json!({ "role": role, "sub": subject, "exp": 4_000_000_000_i64 }))
    }

    /// `caller` is empty (no token), `role`, or `role:subject`; or a whole token.
    pub(crate) async fn ask(
        &self,
        caller: &str,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let request = self.request(caller, method, uri, headers, body.to_owned().into());
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router cannot fail");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }

    fn request(
        &self,
        caller: &str,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(escaped(uri));
        match caller.split_once(':') {
            Some((role, subject)) => {
                request = request.header(
                    "authorization",
                    format!("Bearer {}", self.token(role, subject)),
                );
            }
            None if caller.is_empty() => {}
            None if caller.contains('.') => {
                request = request.header("authorization", format!("Bearer {caller}"));
            }
            None => {
                request = request.header(
                    "authorization",
                    format!("Bearer {}", self.token(caller, "someone")),
                );
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body).expect("a request")
    }
}

/// What a client's URL library would do to characters that no URI may hold.
fn escaped(uri: &str) -> String {
    const FORBIDDEN: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'|');
    percent_encoding::utf8_percent_encode(uri, FORBIDDEN).to_string()
}
