//! One request, from the wire to the service and back.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::response::Response;
use base::SharedRandom;
use futures_util::FutureExt as _;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use hyper::body::Incoming;
use jwt::{ApiKeyClass, ApiKeys};
use tower::ServiceExt as _;
use web::{Peer, RequestId};

use crate::admin::HealthCheck;
use crate::cors::{self, Origins};
use crate::credentials::{self, Dashboard};
use crate::peer::{Trusted, public_address};
use crate::progress::{Progress, Watched};
use crate::{Access, CorsRule, Error, Mount, Rule, log, path, route};

const REQUEST_ID: HeaderName = HeaderName::from_static("sb-request-id");
/// How long a request may stand still.
const PATIENCE: Duration = Duration::from_secs(60);
/// Headers that end at this hop.
const HOP_BY_HOP: [HeaderName; 6] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    http::header::PROXY_AUTHORIZATION,
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
];
/// Headers that only the gateway may set.
const INTERNAL_PREFIXES: [&str; 3] = ["x-consumer-", "x-credential-", "x-authenticated-"];

/// Everything that decides about a request. Shared by all connections.
pub struct Door {
    mounts: ArcSwap<Vec<Mount>>,
    keys: ApiKeys,
    settings: settings::Gateway,
    origins: Origins,
    trusted: Trusted,
    public: Option<(String, String)>,
    dashboard: Dashboard,
    health: HealthCheck,
    id_prefix: String,
    id_counter: AtomicU64,
    access_log: bool,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

/// A route that was found and opened.
struct Opened {
    service: &'static str,
    cors: CorsRule,
    result: Result<Response, Error>,
}

impl Door {
    /// A door with these mounts (services not started yet answer 503).
    pub fn new(
        settings: &settings::Gateway,
        keys: ApiKeys,
        mounts: Vec<Mount>,
        health: HealthCheck,
        random: &SharedRandom,
        access_log: bool,
    ) -> Result<Self, String> {
        Ok(Self {
            mounts: ArcSwap::from_pointee(mounts),
            keys,
            origins: Origins::new(&settings.cors_origins, settings.public_url.as_deref()),
            trusted: Trusted::parse(&settings.trusted_proxies).map_err(|wrong| {
                format!("gateway.trusted_proxies: {wrong} is not an address or a network")
            })?,
            public: public_address(settings.public_url.as_deref()),
            dashboard: Dashboard::new(&settings.dashboard_username, &settings.dashboard_password),
            health,
            id_prefix: random.hex(6),
            id_counter: AtomicU64::new(0),
            access_log,
            settings: settings.clone(),
        })
    }

    /// Replaces the mounts, once services have started.
    pub fn set_mounts(&self, mounts: Vec<Mount>) {
        self.mounts.store(Arc::new(mounts));
    }

    /// Whether every service is ready.
    pub fn health(&self) -> HealthCheck {
        Arc::clone(&self.health)
    }

    /// Serves one request. `remote` is the other end of the connection.
    pub async fn serve(
        &self,
        request: Request<Incoming>,
        remote: SocketAddr,
        tls: bool,
    ) -> Response {
        let started = Instant::now();
        let request_id = self.next_id();
        let method = request.method().clone();
        let uri = request.uri().clone();
        // What the answer still needs to know of the question.
        let asked: HeaderMap = [http::header::ORIGIN, http::header::COOKIE]
            .into_iter()
            .filter_map(|name| Some((name.clone(), request.headers().get(&name)?.clone())))
            .collect();

        let peer = self.trusted.peer(
            remote.ip(),
            tls,
            request.headers(),
            self.public.as_ref(),
            "",
        );
        let ip = peer.ip;
        let opened = self.open(request, remote, peer, &request_id).await;
        let mut response = opened
            .result
            .unwrap_or_else(|error| error.response(&request_id));
        cors::decorate_unless_preflight(&self.origins, opened.cors, &asked, &mut response);
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }

        let status = response.status().as_u16();
        let elapsed = started.elapsed();
        metrics::counter!("http_requests_total", "service" => opened.service, "status" => class(status)).increment(1);
        metrics::histogram!("http_request_seconds", "service" => opened.service)
            .record(elapsed.as_secs_f64());
        if self.access_log {
            let (path, query, service) = (uri.path(), uri.query(), opened.service);
            let entry = log::Entry {
                request_id: &request_id,
                method: &method,
                path,
                query,
                status,
                service,
                ip,
                elapsed,
            };
            entry.write();
        }
        response
    }

    /// Serves a request on a classic port: one service, no prefix, no key.
    pub(crate) async fn serve_classic(
        &self,
        request: Request<Incoming>,
        service: &'static str,
        remote: SocketAddr,
    ) -> Response {
        let request_id = self.next_id();
        let mounts = self.mounts.load();
        let mount = mounts.iter().find(|mount| mount.service == service);
        let found = mount.map_or(Err(Error::NoRoute), |mount| mount.backend.router(service));
        let router = match found {
            Ok(router) => router,
            Err(error) => return error.response(&request_id),
        };
        let (mut parts, body) = request.into_parts();
        let peer = self
            .trusted
            .peer(remote.ip(), false, &parts.headers, self.public.as_ref(), "");
        parts.extensions.insert(peer);
        parts.extensions.insert(RequestId(request_id.clone()));
        hand_over(router, parts, body)
            .await
            .unwrap_or_else(|error| error.response(&request_id))
    }

    async fn open(
        &self,
        request: Request<Incoming>,
        remote: SocketAddr,
        peer: Peer,
        request_id: &str,
    ) -> Opened {
        let mut opened = Opened {
            service: "gateway",
            cors: CorsRule::Any,
            result: Err(Error::NoRoute),
        };
        let (mut parts, body) = request.into_parts();
        let longest = usize::try_from(self.settings.max_url_bytes.0).unwrap_or(usize::MAX);
        if parts
            .uri
            .path_and_query()
            .is_some_and(|target| target.as_str().len() > longest)
        {
            opened.result = Err(Error::UrlTooLong);
            return opened;
        }
        let mounts = self.mounts.load();
        let opaque = mounts
            .iter()
            .filter_map(|mount| mount.opaque_below)
            .any(|prefix| parts.uri.path().starts_with(prefix));
        let Ok(path) = path::normalize(parts.uri.path(), opaque).map(Cow::into_owned) else {
            opened.result = Err(Error::BadPath);
            return opened;
        };

        let found = route::find(&mounts, &path);
        if let Some((mount, _)) = found {
            opened.service = mount.service;
            opened.cors = mount.cors;
        }
        if cors::is_preflight(&parts.method, &parts.headers) {
            opened.result = Ok(cors::preflight(&self.origins, opened.cors, &parts.headers));
            return opened;
        }
        if matches!(path.as_str(), "/health" | "/healthz") {
            opened.result = Ok((self.health)().await.response());
            return opened;
        }
        let Some((mount, rule)) = found else {
            return opened;
        };

        opened.result = match self.admit(
            rule,
            &mut parts,
            &path,
            remote,
            Peer {
                prefix: mount.prefix,
                ..peer
            },
        ) {
            Err(error) => Err(error),
            Ok(()) => match mount.backend.router(mount.service) {
                Err(error) => Err(error),
                Ok(router) => {
                    parts.extensions.insert(RequestId(request_id.to_owned()));
                    hand_over(router, parts, body).await
                }
            },
        };
        opened
    }

    /// Checks what must be shown and rewrites the request into what the service sees.
    fn admit(
        &self,
        rule: &Rule,
        parts: &mut http::request::Parts,
        path: &str,
        remote: SocketAddr,
        peer: Peer,
    ) -> Result<(), Error> {
        let query = parts.uri.query().map(str::to_owned);
        let shown = match rule.access {
            Access::Closed => return Err(Error::Closed),
            Access::Basic => {
                self.dashboard.check(&parts.headers, peer.ip)?;
                None
            }
            Access::Open | Access::Service => {
                credentials::find(&self.keys, &parts.headers, query.as_deref()).unwrap_or(None)
            }
            Access::Key | Access::ServiceKey | Access::Document => {
                let shown = credentials::find(&self.keys, &parts.headers, query.as_deref());
                self.required(rule.access, shown)?
            }
        };
        let (key, replaced) = credentials::rewrite(
            shown.as_ref(),
            rule.authorization,
            &mut parts.headers,
            query.as_deref(),
        );
        Self::clean(&mut parts.headers);
        for (name, value) in rule.headers {
            parts.headers.insert(*name, HeaderValue::from_static(value));
        }
        self.trusted.forward(remote.ip(), &peer, &mut parts.headers);

        let target = rule.target.apply(path);
        let target = match replaced.or(query) {
            Some(query) => format!("{target}?{query}"),
            None => target,
        };
        parts.uri = PathAndQuery::try_from(target)
            .map(Uri::from)
            .map_err(|_| Error::BadPath)?;
        parts.extensions.insert::<Peer>(peer);
        if let Some(key) = key {
            parts.extensions.insert(key);
        }
        Ok(())
    }

    /// The key that a route asks for.
    fn required(
        &self,
        access: Access,
        shown: Result<Option<credentials::Shown>, Error>,
    ) -> Result<Option<credentials::Shown>, Error> {
        if !self.settings.require_api_key && access != Access::ServiceKey {
            return Ok(shown.unwrap_or(None));
        }
        let shown = shown?.ok_or(Error::NoKey)?;
        let service_only = access == Access::ServiceKey
            || (access == Access::Document && !self.settings.openapi_any_key);
        if service_only && shown.class != ApiKeyClass::Service {
            return Err(Error::WrongClass);
        }
        Ok(Some(shown))
    }

    /// GW-LSN-04, GW-FWD-04, GW-FWD-05: drops what services must not see.
    fn clean(headers: &mut HeaderMap) {
        // What `Connection` names concerns this connection only; an upgrade needs its own two words of it.
        let upgrades = headers.contains_key(http::header::UPGRADE);
        let named: Vec<HeaderName> = headers
            .get_all(http::header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| *name != http::header::UPGRADE)
            .collect();
        for name in named.iter().chain(&HOP_BY_HOP) {
            headers.remove(name);
        }
        if !upgrades {
            headers.remove(http::header::CONNECTION);
        }
        let unwanted: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                let name = name.as_str();
                name.contains('_')
                    || name == "sb-api-key"
                    || INTERNAL_PREFIXES
                        .iter()
                        .any(|prefix| name.starts_with(prefix))
            })
            .cloned()
            .collect();
        for name in unwanted {
            headers.remove(name);
        }
    }

    /// Unique for the life of the database: random for the process, then counted.
    fn next_id(&self) -> String {
        let count = self.id_counter.fetch_add(1, Ordering::Relaxed);
        format!("{}-{count:08x}", self.id_prefix)
    }
}

/// Gives the request to the service and waits for as long as something moves.
async fn hand_over(
    router: axum::Router,
    parts: http::request::Parts,
    body: Incoming,
) -> Result<Response, Error> {
    let progress = Progress::default();
    let body = if http_body::Body::is_end_stream(&body) {
        Body::empty()
    } else {
        Body::new(Watched::new(body, &progress))
    };
    let answer = AssertUnwindSafe(router.oneshot(Request::from_parts(parts, body))).catch_unwind();
    match progress.watch(PATIENCE, answer).await {
        None => Err(Error::TimedOut),
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(never))) => match never {},
        Some(Err(_panic)) => {
            tracing::error!("a service panicked while answering");
            Err(Error::Internal)
        }
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
