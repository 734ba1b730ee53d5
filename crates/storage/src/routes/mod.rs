//! All routes, and the one place that answers.

mod bucket;
mod download;
mod endpoint;
mod info;
mod list;
mod list_v2;
mod relocate;
mod remove;
mod sign;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use web::Failure as _;

use crate::Error;
use crate::caller::Asker;
use crate::scope::{Ask, Scope};
use crate::service::{Inner, Storage};
use endpoint::{Endpoint, Reading, Route};

/// One handler for all: keys hold slashes, dots and words that are routes elsewhere, so paths are read by
/// [`Route::recognize`] rather than by patterns.
pub(crate) fn router(storage: &Storage) -> Router {
    Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&storage.inner))
}

async fn serve(State(service): State<Arc<Inner>>, request: Request) -> Response {
    let started = service.clock.now();
    let (parts, body) = request.into_parts();
    let route = Route::recognize(&parts.method, parts.uri.path());
    let operation = route.as_ref().map_or("none", |route| route.operation);
    let result = match route {
        Ok(route) => answer(&service, route, &parts, body).await,
        Err(error) => Err(error),
    };
    let mut response = result.unwrap_or_else(|error| render(error, &parts, operation));
    if parts.method == Method::HEAD && !response.status().is_success() {
        // Said by the status alone; the length would be that of a body that does not come.
        response.headers_mut().remove(header::CONTENT_TYPE);
        *response.body_mut() = Body::empty();
    }
    let status = response.status().as_u16();
    let elapsed_ms = (service.clock.now() - started).num_milliseconds();
    metrics::counter!("storage_requests_total", "operation" => operation, "status" => status.to_string()).increment(1);
    tracing::debug!(
        operation,
        status,
        elapsed_ms,
        path = parts.uri.path(),
        "answered"
    );
    response
}

fn render(error: Error, parts: &Parts, operation: &str) -> Response {
    if let Some(cause) = error.cause() {
        let id = parts
            .extensions
            .get::<web::RequestId>()
            .map(|id| id.0.as_str());
        tracing::error!(request = id, operation, cause, "{error}");
    }
    error.into_response()
}

/// Who asks, and what the database is told of it.
fn ask(service: &Inner, parts: &Parts, operation: &'static str) -> Result<Ask, Error> {
    let asker = Asker::of(&parts.headers, &service.signer.verifier)?;
    Ok(Ask {
        asker,
        scope: Scope::new(parts, operation),
    })
}

async fn answer(
    service: &Arc<Inner>,
    route: Route,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let operation = route.operation;
    let caller = || ask(service, parts, operation);
    match route.endpoint {
        Endpoint::ListBuckets => bucket::list(service, &caller()?, parts).await,
        Endpoint::CreateBucket => bucket::create(service, &caller()?, parts, body).await,
        Endpoint::GetBucket(id) => bucket::get(service, &caller()?, &id).await,
        Endpoint::UpdateBucket(id) => bucket::update(service, &caller()?, &id, parts, body).await,
        Endpoint::DeleteBucket(id) => bucket::delete(service, &caller()?, &id).await,
        Endpoint::EmptyBucket(id) => bucket::empty(service, &caller()?, &id).await,

        Endpoint::Upload(at) => upload::create(service, caller()?, at, parts, body).await,
        Endpoint::Replace(at) => upload::replace(service, caller()?, at, parts, body).await,
        Endpoint::UploadSigned(at) => upload::signed(service, at, parts, body, operation).await,
        Endpoint::Read(Reading::Signed, at) => download::signed(service, &at, parts).await,
        Endpoint::Read(reading, at) => download::get(service, reading, &at, parts, operation).await,
        Endpoint::Info(Reading::Public, at) => info::public(service, &at).await,
        Endpoint::Info(_, at) => info::authenticated(service, &caller()?, &at).await,
        Endpoint::Remove(at) => remove::one(service, &caller()?, at).await,
        Endpoint::RemoveMany(bucket) => {
            remove::many(service, &caller()?, &bucket, parts, body).await
        }
        Endpoint::List(bucket) => list::list(service, &caller()?, &bucket, parts, body).await,
        Endpoint::ListV2(bucket) => list_v2::list(service, &caller()?, &bucket, parts, body).await,
        Endpoint::Move => relocate::move_object(service, &caller()?, parts, body).await,
        Endpoint::Copy => relocate::copy(service, &caller()?, parts, body).await,
        Endpoint::Sign(at) => sign::one(service, &caller()?, &at, parts, body).await,
        Endpoint::SignMany(bucket) => sign::many(service, &caller()?, &bucket, parts, body).await,
        Endpoint::SignUpload(at) => sign::upload(service, &caller()?, at, parts).await,

        Endpoint::Status => Ok(Response::new(Body::empty())),
        Endpoint::Version => Ok(plain(env!("CARGO_PKG_VERSION"))),
        Endpoint::Health => {
            caller()?;
            Ok(web::json_response(
                StatusCode::OK,
                &json!({ "healthy": service.check().await.is_ok() }),
            ))
        }
    }
}

fn plain(text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A reply of JSON that PostgreSQL wrote.
fn json_text(text: bytes::Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// `{"message":…}`
fn message(text: &str) -> Response {
    web::json_response(StatusCode::OK, &json!({ "message": text }))
}
