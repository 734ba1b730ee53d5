//! What browsers are told (REST-COR).

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, header};

pub(crate) fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// REST-COR-01: for every path, before the token is looked at.
pub(crate) fn preflight(request: &Request, origins: &[String]) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    let origin = request.headers().get(header::ORIGIN);
    if !origin.is_some_and(|origin| allow(&mut response, origin, origins)) {
        return response;
    }
    let asked = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|value| value.to_str().ok())
        .into_iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let allowed: Vec<&str> = std::iter::once("Authorization")
        .chain(asked)
        .chain(["Accept", "Accept-Language", "Content-Language"])
        .collect();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"),
    );
    if let Ok(value) = HeaderValue::from_str(&allowed.join(", ")) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("86400"),
    );
    response
}

/// REST-COR-02: on errors as well.
pub(crate) fn expose(response: &mut Response, origin: &HeaderValue, origins: &[String]) {
    if !allow(response, origin, origins) {
        response
            .headers_mut()
            .remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        return;
    }
    response.headers_mut().insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit",
        ),
    );
}

/// REST-COR-03: anyone, or those listed, who may then send credentials.
fn allow(response: &mut Response, origin: &HeaderValue, origins: &[String]) -> bool {
    let headers = response.headers_mut();
    if origins.is_empty() {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        return true;
    }
    if !origins
        .iter()
        .any(|listed| listed.as_bytes() == origin.as_bytes())
    {
        return false;
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    true
}
