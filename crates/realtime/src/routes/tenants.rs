//! `/api/tenants`: what an operator of the upstream server finds there. One installation is one tenant.
//!
//! The gateway keeps these paths from the outside; they answer on the service's own port.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::service::Service;

/// Who asks.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// A client's key: may ask for the health, as the container's probe does.
    Client,
    /// The service's key, or a token made for this API.
    Operator,
}

/// 403 without a body, unless the bearer's token is signed by the project and speaks for that rank.
fn admit(service: &Service, headers: &HeaderMap, rank: &Rank) -> Result<(), Response> {
    let refused = || StatusCode::FORBIDDEN.into_response();
    let web::Authorization::Bearer(token) = web::authorization(headers) else {
        return Err(refused());
    };
    let role = service
        .tokens()
        .speaker(token, service.clock.unix())
        .map_err(|_| refused())?;
    let found = match role.as_deref() {
        None | Some("service_role") => Rank::Operator,
        Some(_) => Rank::Client,
    };
    (found >= *rank).then_some(()).ok_or_else(refused)
}

fn find(service: &Service, name: &str) -> Result<(), Response> {
    if service.settings().tenant_name == name {
        return Ok(());
    }
    let body = json!({ "error": "not found" });
    Err(web::json_response(StatusCode::NOT_FOUND, &body))
}

/// `GET /api/tenants`.
pub(super) async fn list(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let answer =
        admit(&service, &headers, &Rank::Operator).map(|()| shown(&json!([tenant(&service)])));
    answer.unwrap_or_else(|refusal| refusal)
}

/// `GET /api/tenants/{name}`.
pub(super) async fn read(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let answer = admit(&service, &headers, &Rank::Operator)
        .and_then(|()| find(&service, &name))
        .map(|()| shown(&tenant(&service)));
    answer.unwrap_or_else(|refusal| refusal)
}

/// `GET /api/tenants/{name}/health` (RT-OPS-02).
pub(super) async fn health(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let admitted = admit(&service, &headers, &Rank::Client).and_then(|()| find(&service, &name));
    if let Err(refusal) = admitted {
        return refusal;
    }
    let db_connected = service.authority.own().0.health().await.is_ok();
    let replication_connected = service.engine.0.is_ready();
    shown(&json!({
        "healthy": db_connected,
        "db_connected": db_connected,
        "replication_connected": replication_connected,
        "connected_cluster": service.limits.users.now(),
        "region": Value::Null,
        "node": service.node.name(),
    }))
}

/// `POST /api/tenants/{name}/reload`, `…/shutdown`: every client is sent away and comes back.
pub(super) async fn end_sockets(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let answer = admit(&service, &headers, &Rank::Operator)
        .and_then(|()| find(&service, &name))
        .map(|()| {
            tracing::info!(code = "ChannelShutdown", "an operator ends all sockets");
            service.end_sockets();
            StatusCode::NO_CONTENT.into_response()
        });
    answer.unwrap_or_else(|refusal| refusal)
}

fn shown(data: &Value) -> Response {
    web::json_response(StatusCode::OK, &json!({ "data": data }))
}

/// What is configured; no secrets.
fn tenant(service: &Service) -> Value {
    let settings = service.settings();
    json!({
        "external_id": settings.tenant_name,
        "name": settings.tenant_name,
        "max_concurrent_users": settings.max_concurrent_users,
        "max_channels_per_client": settings.max_channels_per_client,
        "max_events_per_second": settings.max_events_per_second,
        "max_joins_per_second": settings.max_joins_per_second,
        "max_presence_events_per_second": settings.max_presence_events_per_second,
        "max_payload_size_in_kb": settings.max_payload_bytes / 1_000,
        "private_only": settings.private_only,
        "suspend": settings.suspended,
        "extensions": [],
    })
}
