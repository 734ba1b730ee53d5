//! Health and metrics.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use web::Health;

/// Asks every started service whether it can work now.
pub type HealthCheck =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = HealthReport> + Send>> + Send + Sync>;

/// What the services answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// One line a service.
    pub services: Vec<ServiceHealth>,
}

/// What one service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHealth {
    /// Its name.
    pub service: &'static str,
    /// Its answer.
    pub health: Health,
}

#[derive(Serialize)]
struct Shown<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    down: Vec<Down<'a>>,
}

#[derive(Serialize)]
struct Down<'a> {
    service: &'static str,
    reason: &'a str,
}

impl HealthReport {
    /// Whether every service is ready.
    pub fn is_ready(&self) -> bool {
        self.services
            .iter()
            .all(|service| service.health == Health::Ready)
    }

    /// 200 `{"status":"ok"}`, or 503 with the list of what is down and why.
    pub(crate) fn response(&self) -> Response {
        let down: Vec<_> = self
            .services
            .iter()
            .filter_map(|line| match &line.health {
                Health::Ready => None,
                Health::Down(reason) => Some(Down {
                    service: line.service,
                    reason,
                }),
            })
            .collect();
        let (code, status) = if down.is_empty() {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        };
        web::json_response(code, &Shown { status, down })
    }
}

/// The routes of the admin listener: `/live`, `/ready`, `/health`, `/metrics`.
pub(crate) fn router(health: HealthCheck, metrics: Option<PrometheusHandle>) -> Router {
    let ready =
        get(|State((health, _)): State<AdminState>| async move { health().await.response() });
    Router::new()
        .route("/live", get(|| async { StatusCode::OK }))
        .route("/ready", ready.clone())
        .route("/health", ready)
        .route("/api/tenants/{tenant}/health", get(tenant))
        .route("/metrics", get(metrics_text))
        .with_state((health, metrics))
}

/// What the compose file of a self-hosted stack probes (GW-HLT-04); there is one tenant, whatever its name.
async fn tenant(State((health, _)): State<AdminState>) -> Response {
    let report = health().await;
    let mut services = report.services.iter();
    let realtime = services.find(|line| line.service == "realtime");
    let healthy = realtime.is_some_and(|line| line.health == Health::Ready);
    let code = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let data = serde_json::json!({
        "healthy": healthy, "db_connected": healthy, "replication_connected": healthy, "connected_cluster": 1,
        "region": null, "node": null,
    });
    web::json_response(code, &serde_json::json!({ "data": data }))
}

type AdminState = (HealthCheck, Option<PrometheusHandle>);

async fn metrics_text(State((_, metrics)): State<AdminState>) -> Response {
    match metrics {
        Some(handle) => {
            let content_type = [(
                http::header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            )];
            (content_type, handle.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
