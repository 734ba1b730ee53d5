//! The pipeline: a request walks through its stages, bytes to bytes.

use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use catalog::Catalog;
use http::request::Parts;
use http::{Method, header};
use quick_cache::sync::Cache;
use settings::RestVersion;
use web::Health;

use crate::caller::identify;
use crate::config::{Config, TokenKeys};
use crate::cors;
use crate::error::{Error, render};
use crate::metrics;
use crate::openapi;
use crate::plan::{Kind, Plan};
use crate::query::{Query, Transaction};
use crate::reply::Reply;
use crate::request::{ApiRequest, Shape};
use crate::result::ResultSet;
use crate::timing::Timing;

/// Plans kept per catalog; the least used is forgotten.
const PLANS: usize = 4096;

/// The running service. Cheap to clone.
#[derive(Clone)]
pub struct Rest(Arc<Inner>);

struct Inner {
    base: Arc<settings::Rest>,
    /// The configuration without what the database adds: in force until the catalog is there.
    early: Config,
    requests: pg::Requests,
    live: catalog::Live,
    verifier: jwt::Verifier,
    max_body_bytes: usize,
    snapshot: ArcSwapOption<Snapshot>,
}

/// What one catalog means: configuration, and the plans made under it.
struct Snapshot {
    catalog: Arc<Catalog>,
    config: Config,
    /// Checks tokens; missing where the database says that there is no secret.
    verifier: Option<jwt::Verifier>,
    plans: Cache<Shape, Arc<Prepared>>,
}

/// A plan and its SQL, for every request of one shape.
struct Prepared {
    plan: Plan,
    query: Option<Query>,
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest")
            .field("live", &self.0.live)
            .finish_non_exhaustive()
    }
}

impl Rest {
    pub(crate) fn new(
        base: Arc<settings::Rest>,
        early: Config,
        requests: pg::Requests,
        live: catalog::Live,
        verifier: jwt::Verifier,
        max_body_bytes: usize,
    ) -> Self {
        let snapshot = ArcSwapOption::empty();
        Self(Arc::new(Inner {
            base,
            early,
            requests,
            live,
            verifier,
            max_body_bytes,
            snapshot,
        }))
    }

    /// The catalog it serves from, and how that is kept current.
    pub fn catalog(&self) -> &catalog::Live {
        &self.0.live
    }

    async fn answer(&self, request: Request) -> Response {
        let inner = &self.0;
        let snapshot = inner.snapshot();
        let head = request.method() == Method::HEAD;
        let config = snapshot
            .as_ref()
            .map_or(&inner.early, |snapshot| &snapshot.config);
        if cors::is_preflight(&request) {
            return cors::preflight(&request, &config.origins);
        }
        let origin = request.headers().get(header::ORIGIN).cloned();
        let trace = config
            .trace_header
            .as_ref()
            .and_then(|name| Some((name.clone(), request.headers().get(name)?.clone())));
        let mut response = match inner.handle(request, snapshot.as_deref()).await {
            Ok(reply) => reply.into_response(),
            Err(error) => {
                match &error {
                    Error::PoolTimeout => metrics::pool_timed_out(),
                    Error::Connection(cause) | Error::Client(cause) | Error::Internal(cause) => {
                        tracing::error!(%cause, code = error.code(), "request failed");
                    }
                    _ => tracing::debug!(%error, code = error.code(), "request refused"),
                }
                render(&error, config, head)
            }
        };
        if let Some(origin) = origin {
            cors::expose(&mut response, &origin, &config.origins);
        }
        if let Some((name, value)) = trace {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Inner {
    /// Configuration and plans of the newest catalog; made anew when the catalog is.
    fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let catalog = self.live.current()?;
        if let Some(snapshot) = self.snapshot.load_full()
            && Arc::ptr_eq(&snapshot.catalog, &catalog)
        {
            return Some(snapshot);
        }
        let config = match Config::effective(&self.base, catalog.login_settings()) {
            Ok(config) => config,
            // The catalog was loaded under these settings, so they have been read once without a mistake.
            Err(error) => {
                tracing::error!(%error, "the in-database configuration cannot be used");
                self.early.clone()
            }
        };
        if config.role_key.is_old {
            tracing::warn!("jwt_role_claim_key is written in the older language; begin it with $");
        }
        // REST-JWT-10: another secret, and nothing is remembered.
        let verifier = match &config.keys {
            TokenKeys::Project => Some(self.verifier.clone()),
            TokenKeys::Stored(keys) => Some(self.verifier.with_keys(keys.clone())),
            TokenKeys::None => None,
        };
        let snapshot = Arc::new(Snapshot {
            catalog,
            config,
            verifier,
            plans: Cache::new(PLANS),
        });
        self.snapshot.store(Some(Arc::clone(&snapshot)));
        Some(snapshot)
    }

    async fn handle(&self, http: Request, snapshot: Option<&Snapshot>) -> Result<Reply, Error> {
        let (parts, body) = http.into_parts();
        let config = snapshot.map_or(&self.early, |snapshot| &snapshot.config);
        let body = axum::body::to_bytes(body, self.max_body_bytes).await;
        let mut timing = Timing::start(config.timing);
        let verifier = snapshot.map_or(Some(&self.verifier), |snapshot| snapshot.verifier.as_ref());
        let caller = identify(&parts.headers, verifier, config)?;
        timing.lap("jwt");
        let snapshot = snapshot.ok_or(Error::NoCatalog)?;
        let anonymous = Some(caller.role.as_str()) == config.anon_role.as_deref();
        let mut request = ApiRequest::parse(&parts, body.map_err(|_| Error::Unreadable)?, config)?;
        if config.version == RestVersion::Fourteen {
            let known = |zone: &str| snapshot.catalog.has_time_zone(zone);
            request.shape.prefer.check_time_zone(known);
        }
        timing.lap("parse");
        let prepared = snapshot.prepared(&request)?;
        timing.lap("plan");
        let Some(query) = &prepared.query else {
            return Reply::shape(ResultSet::default(), &request, &prepared.plan, config);
        };
        let transaction = Transaction::prepare(
            query,
            &prepared.plan,
            &request,
            &parts.headers,
            &caller,
            &snapshot.catalog,
            config,
        );
        let mut result = ResultSet::fetch(
            &self.requests,
            transaction,
            &prepared.plan,
            config,
            anonymous,
        )
        .await?;
        timing.lap("transaction");
        if let Kind::Root { narrowed } = prepared.plan.kind {
            result.body = Some(snapshot.description(&parts, &request, narrowed, &result)?);
        }
        let mut reply = Reply::shape(result, &request, &prepared.plan, config)?;
        timing.lap("response");
        reply.timed(timing);
        Ok(reply)
    }
}

impl Snapshot {
    /// The description of the API, narrowed to what the answer says that the role may see.
    fn description(
        &self,
        parts: &Parts,
        request: &ApiRequest,
        narrowed: bool,
        result: &ResultSet,
    ) -> Result<Bytes, Error> {
        let unreadable = || Error::Internal("the rights of the role cannot be read".to_owned());
        let accessible: Option<openapi::Accessible> = match &result.body {
            Some(body) if narrowed => Some(serde_json::from_slice(body).map_err(|_| unreadable())?),
            None if narrowed => return Err(unreadable()),
            _ => None,
        };
        let server = match &self.config.openapi.server {
            Some(server) => server.clone(),
            None => openapi::Server::asked_at(parts),
        };
        let schema = &request.shape.schema;
        let document = openapi::document(
            &self.catalog,
            schema,
            accessible.as_ref(),
            &server,
            &self.config,
        );
        Ok(document.to_string().into())
    }

    fn prepared(&self, request: &ApiRequest) -> Result<Arc<Prepared>, Error> {
        let shape = &request.shape;
        if let Some(prepared) = self.plans.get(shape) {
            return Ok(prepared);
        }
        let plan = Plan::make(shape, &self.catalog, &self.config)?;
        let query = Query::write(&plan, shape.head, &self.config, self.catalog.hash());
        debug_assert!(query.is_some() || matches!(plan.kind, Kind::Info { .. }));
        let prepared = Arc::new(Prepared { plan, query });
        self.plans.insert(shape.clone(), Arc::clone(&prepared));
        Ok(prepared)
    }
}

impl web::Service for Rest {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn router(&self) -> Router {
        // One handler for every path: which paths there are is the catalog's business.
        Router::new()
            .fallback(|State(rest): State<Self>, request: Request| async move {
                rest.answer(request).await
            })
            .with_state(self.clone())
    }

    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(async {
            if self.0.live.current().is_none() {
                return Health::Down("the catalog is not loaded yet".to_owned());
            }
            match self.0.requests.health().await {
                Ok(()) => Health::Ready,
                Err(error) => {
                    tracing::warn!(%error, "health check failed");
                    Health::Down("the database does not answer".to_owned())
                }
            }
        })
    }
}
