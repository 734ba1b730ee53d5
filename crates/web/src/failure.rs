//! Errors on their way to the wire.

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An error with an exact shape on the wire. A service's `Error` implements it and nothing else renders.
pub trait Failure: std::fmt::Display + std::fmt::Debug {
    /// The HTTP status.
    fn status(&self) -> StatusCode;

    /// The whole response.
    fn into_response(self) -> Response;

    /// The inner cause, for the log only.
    fn cause(&self) -> Option<String> {
        None
    }
}

/// A response with a JSON body, `application/json; charset=utf-8`.
pub fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    json_response_as("application/json; charset=utf-8", status, body)
}

/// A response with a JSON body under the media type that a service's clients expect.
pub fn json_response_as(
    media: &'static str,
    status: StatusCode,
    body: &impl Serialize,
) -> Response {
    let bytes = serde_json::to_vec(body).expect("response bodies are plain JSON");
    let mut response = Response::new(axum::body::Body::from(Bytes::from(bytes)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
