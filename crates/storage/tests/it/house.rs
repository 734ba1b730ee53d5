//! A storage service on a database and a folder of its own, and people who speak to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use base::{Clock as _, ManualClock, OsRandom, Tasks};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::Service as _;

pub(crate) const ADA: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const BOB: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";

/// A running service.
pub(crate) struct House {
    pub(crate) storage: storage::Storage,
    pub(crate) router: axum::Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: jwt::Keys,
    pub(crate) admin: tokio_postgres::Client,
    pub(crate) worker: jobs::Worker,
    pub(crate) tasks: Tasks,
    folder: tempfile::TempDir,
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &Value) {
        assert_eq!((self.status.as_u16(), &self.json()), (status, body));
    }

    /// An error: HTTP status, `statusCode`, `code`, `message`.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, status_code: &str, code: &str, message: &str) {
        let body = self.json();
        let told = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (
                self.status.as_u16(),
                told("statusCode"),
                told("code"),
                told("message")
            ),
            (status, status_code.into(), code.into(), message.into()),
        );
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(settings::Storage::default()).await
    }

    pub(crate) async fn with(settings: settings::Storage) -> Self {
        let database = testkit::Postgres::shared()
            .supabase(&[jobs::SCHEMA, storage::SCHEMA])
            .await;
        let admin = database.connect().await;
        let endpoint = |role: &str| database.admin().with_login(role, "");
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::starting_now());
        let keys = jwt::Keys::from_secret(SECRET).unwrap();
        let pool = |endpoint: &pg::Endpoint| {
            let options = pg::PoolOptions {
                application_name: "storage test".into(),
                size: 8,
                acquire_timeout: std::time::Duration::from_secs(120),
            };
            pg::Pool::new(endpoint, &options).unwrap()
        };
        let queue = jobs::Queue::new(pool(database.admin()), clock.clone());
        let tasks = Tasks::new();
        let deps = storage::Deps {
            requests: pg::Requests::new(&endpoint("authenticator"), &pg::RequestOptions::default()),
            pool: pool(&endpoint("supabase_storage_admin")),
            verifier: jwt::Verifier::new(keys.clone(), clock.clone()),
            keys: keys.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
            data_dir: folder.path().to_owned(),
        };
        let storage = storage::start(&settings, deps, &tasks).await.unwrap();
        let worker = jobs::Worker::new(queue, storage.handlers(), Arc::new(OsRandom));
        Self {
            router: storage.router(),
            storage,
            clock,
            keys,
            admin,
            worker,
            tasks,
            folder,
        }
    }

    /// A token of a role.
    pub(crate) fn token(&self, role: &str, subject: Option<&str>) -> String {
        let exp = self.clock.unix() + 3600;
        self.keys
            .sign(&json!({ "role": role, "sub": subject, "exp": exp }))
    }

    pub(crate) fn service(&self) -> String {
        self.token("service_role", None)
    }

    pub(crate) fn user(&self, id: &str) -> String {
        self.token("authenticated", Some(id))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request as somebody (an empty token: nobody).
    pub(crate) async fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.send(request.body(body.into()).unwrap()).await).await
    }

    pub(crate) async fn json(&self, token: &str, method: &str, path: &str, body: &Value) -> Reply {
        self.ask(
            token,
            method,
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        self.ask(token, "GET", path, &[], "").await
    }

    /// Uploads a text as it is.
    pub(crate) async fn put(&self, token: &str, at: &str, text: &'static str) -> Reply {
        self.ask(
            token,
            "POST",
            &format!("/object/{at}"),
            &[("content-type", "text/plain")],
            text,
        )
        .await
    }

    /// Makes a bucket.
    pub(crate) async fn bucket(&self, id: &str, public: bool) {
        let reply = self
            .json(
                &self.service(),
                "POST",
                "/bucket",
                &json!({ "name": id, "public": public }),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    pub(crate) async fn sql(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// People may do anything in the folder that is named after them.
    pub(crate) async fn own_folders(&self) {
        self.sql(
            "create policy own on storage.objects to authenticated
               using ((storage.foldername(name))[1] = auth.uid()::text)
               with check ((storage.foldername(name))[1] = auth.uid()::text)",
        )
        .await;
    }

    /// Does what the job worker of the program would do.
    pub(crate) async fn do_jobs(&self) {
        while self.worker.run_due().await.unwrap() > 0 {}
    }

    /// Files of versions and of uploads under way.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("storage")];
        while let Some(folder) = folders.pop() {
            // One that goes while we look holds nothing.
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

pub(crate) async fn read(response: Response) -> Reply {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// As the runner does it: each change in one transaction, as the owner.
pub(crate) async fn migrate(admin: &tokio_postgres::Client, schema: &database::Schema) {
    for change in schema.migrations {
        let sql = format!(
            "begin; set local role {}; set local search_path = {}; {} ; commit",
            schema.owner, schema.name, change.sql
        );
        if let Err(error) = admin.batch_execute(&sql).await {
            panic!("{} {}: {error:?}", change.version, change.name);
        }
    }
}

impl House {
    /// So many seconds from now, as headers have it.
    pub(crate) fn clock_header(&self, seconds: i64) -> String {
        let time = self.clock.now() + chrono::TimeDelta::seconds(seconds);
        time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}
