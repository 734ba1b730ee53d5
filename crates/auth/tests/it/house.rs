//! An auth service on a database of its own, and people who speak to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use base::{Clock as _, ManualClock, OsRandom, Tasks};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::Service as _;

use crate::post::{Mail, Post};

pub(crate) const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";
pub(crate) const PASSWORD: &str = "correct-horse";

/// A running service.
pub(crate) struct House {
    pub(crate) router: axum::Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: jwt::Keys,
    pub(crate) admin: tokio_postgres::Client,
    pub(crate) worker: jobs::Worker,
    pub(crate) post: Post,
    pub(crate) auth: auth::Auth,
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// An error in the old shape.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: &str, message: &str) {
        let body = self.json();
        let told = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (self.status.as_u16(), told("error_code"), told("msg")),
            (status, code.to_owned(), message.to_owned()),
            "{}",
            self.text
        );
        assert_eq!(body["code"], status);
        assert_eq!(self.headers["x-sb-error-code"], code);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Settings as most applications in development have them, with hashes that cost little.
pub(crate) fn settings() -> settings::Auth {
    let mut settings = settings::Auth::default();
    settings.email_autoconfirm = true;
    settings.phone_enabled = true;
    settings.phone_autoconfirm = true;
    settings.anonymous_enabled = true;
    settings.bcrypt_cost = 4;
    settings.hash_wait = std::time::Duration::from_secs(120);
    settings.max_request_duration = std::time::Duration::from_secs(120);
    settings
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: settings::Auth) -> Self {
        Self::with_providers(settings, settings::Providers::default()).await
    }

    pub(crate) async fn with_providers(
        settings: settings::Auth,
        providers: settings::Providers,
    ) -> Self {
        Self::with_keys(settings, providers, jwt::Keys::from_secret(SECRET).unwrap()).await
    }

    pub(crate) async fn with_keys(
        settings: settings::Auth,
        providers: settings::Providers,
        keys: jwt::Keys,
    ) -> Self {
        let database = testkit::Postgres::shared()
            .supabase(&[jobs::SCHEMA, auth::SCHEMA])
            .await;
        let admin = database.connect().await;
        let options = pg::PoolOptions {
            application_name: "auth test".into(),
            size: 8,
            acquire_timeout: std::time::Duration::from_secs(120),
        };
        let post = Post::open().await;
        let settings = post.reached_by(settings);
        let pool = |endpoint: &pg::Endpoint| pg::Pool::new(endpoint, &options).unwrap();
        let clock = Arc::new(ManualClock::starting_now());
        let deps = auth::Deps {
            pool: pool(&database.admin().with_login("supabase_auth_admin", "")),
            keys: keys.clone(),
            verifier: jwt::Verifier::new(keys.clone(), clock.clone()),
            queue: jobs::Queue::new(pool(database.admin()), clock.clone()),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
            secret: base::Secret::new(SECRET),
            providers,
            public_url: "http://localhost:8000".into(),
        };
        let queue = deps.queue.clone();
        let auth = auth::start(&settings, deps, &Tasks::new()).await.unwrap();
        assert_eq!(auth.health().await, web::Health::Ready);
        Self {
            router: auth.router(),
            worker: jobs::Worker::new(queue, auth.handlers(), Arc::new(OsRandom)),
            clock,
            keys,
            admin,
            post,
            auth,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Sends a request as somebody (an empty token: nobody).
    pub(crate) async fn ask(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        self.send(request(token, method, path, body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.ask("", "POST", path, &body.to_string()).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        self.ask(token, "GET", path, "").await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: Value) -> Reply {
        self.ask(token, "PUT", path, &body.to_string()).await
    }

    /// Signs somebody up; answers with the tokens.
    pub(crate) async fn person(&self, name: &str) -> Value {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        self.post("/signup", body).await.good()
    }

    /// Signs somebody in.
    pub(crate) async fn sign_in(&self, name: &str) -> Value {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        self.post("/token?grant_type=password", body).await.good()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.post(
            "/token?grant_type=refresh_token",
            json!({ "refresh_token": token }),
        )
        .await
    }

    /// A token of the service role, as a gateway would let it in.
    pub(crate) fn service(&self) -> String {
        self.keys.sign(&json!({ "role": "service_role" }))
    }

    /// A token with these claims on top of an hour's life.
    pub(crate) fn token(&self, mut claims: Value) -> String {
        claims["exp"] = json!(self.clock.unix() + 3600);
        self.keys.sign(&claims)
    }

    pub(crate) async fn sql(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap();
    }

    /// Delivers what is queued and empties the letter box.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        self.worker.run_due().await.unwrap();
        self.post.take()
    }

    /// The one mail that was sent.
    pub(crate) async fn mail(&self) -> Mail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// Follows a link as a browser would; where it is sent to.
    pub(crate) async fn follow(&self, link: &str) -> Landing {
        let path = link
            .strip_prefix("http://localhost:8000/auth/v1")
            .expect("the link is ours");
        let reply = self.get("", path).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        Landing::at(reply.header("location"))
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// Settings with confirmations by mail and message.
pub(crate) fn confirming() -> settings::Auth {
    let mut settings = settings();
    settings.email_autoconfirm = false;
    settings.phone_autoconfirm = false;
    settings
}

/// Where a browser ends up.
#[derive(Debug)]
pub(crate) struct Landing {
    pub(crate) url: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) fragment: BTreeMap<String, String>,
}

impl Landing {
    pub(crate) fn at(location: &str) -> Self {
        let pairs = |text: &str| {
            url::form_urlencoded::parse(text.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect()
        };
        let (rest, fragment) = location.split_once('#').unwrap_or((location, ""));
        let (url, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            url: url.to_owned(),
            query: pairs(query),
            fragment: pairs(fragment),
        }
    }
}

pub(crate) fn request(token: &str, method: &str, path: &str, body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// What a JWT says.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The text of a member.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// As the runner does it: each change in one transaction, as the owner.
pub(crate) async fn migrate(admin: &tokio_postgres::Client, schema: &database::Schema) {
    for change in schema.migrations {
        let sql = format!(
            "begin; set local role {}; {} ; commit",
            schema.owner, change.sql
        );
        if let Err(error) = admin.batch_execute(&sql).await {
            panic!("{} {}: {error:?}", change.version, change.name);
        }
    }
}
