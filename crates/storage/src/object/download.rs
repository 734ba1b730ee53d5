//! Finding an object for a reader, and handing it out.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use chrono::DateTime;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pg::Statement;

use crate::Error;
use crate::object::conditions::{AskedRange, http_date, is_unchanged};
use crate::percent::{encode_component, query_value};
use crate::row::Object;
use crate::scope::{Ask, text};
use crate::service::Inner;

/// By what right something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everybody may.
    Public,
    /// The caller may.
    Caller,
    /// The address was signed; good until then.
    Signed { expires: i64 },
}

/// An object that everybody may read.
pub(crate) async fn find_public(service: &Inner, bucket: &str, key: &str) -> Result<Object, Error> {
    match find_in_bucket(service, bucket, key).await? {
        (true, object) => object.ok_or(Error::NoSuchKey),
        (false, _) => Err(Error::NoSuchBucket),
    }
}

/// An object, whoever asks.
pub(crate) async fn find_any(service: &Inner, bucket: &str, key: &str) -> Result<Object, Error> {
    let client = service.pool.get().await?;
    let statement = client
        .prepare_cached(include_str!("../sql/find_object.sql"))
        .await?;
    let row = client.query_opt(&statement, &[&bucket, &key]).await?;
    row.and_then(|row| Object::read(&row, 0))
        .ok_or(Error::NoSuchKey)
}

/// An object that the caller sees.
pub(crate) async fn find_visible(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    key: &str,
) -> Result<Object, Error> {
    let statement = Statement::new(
        include_str!("../sql/find_object.sql"),
        vec![text(bucket), text(key)],
    );
    let result = ask.query(service, statement).await?;
    result
        .rows
        .first()
        .and_then(|row| Object::read(row, 0))
        .ok_or(Error::NoSuchKey)
}

/// An object that the caller sees or that lies in a public bucket, where row security is not asked.
pub(crate) async fn find_readable(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    key: &str,
) -> Result<Object, Error> {
    // Nearly always the first question is the last one.
    let refused = match find_visible(service, ask, bucket, key).await {
        Ok(object) => return Ok(object),
        Err(error) => error,
    };
    match find_in_bucket(service, bucket, key).await? {
        (true, object) => object.ok_or(Error::NoSuchKey),
        (false, _) => Err(refused),
    }
}

async fn find_in_bucket(
    service: &Inner,
    bucket: &str,
    key: &str,
) -> Result<(bool, Option<Object>), Error> {
    let client = service.pool.get().await?;
    let statement = client
        .prepare_cached(include_str!("../sql/find_in_bucket.sql"))
        .await?;
    let row = client
        .query_opt(&statement, &[&bucket, &key])
        .await?
        .ok_or(Error::NoSuchBucket)?;
    Ok((row.try_get(0)?, Object::read(&row, 1)))
}

/// `GET`: the bytes, a part of them, or that they have not changed.
pub(crate) async fn send(
    service: &Inner,
    object: &Object,
    right: Right,
    parts: &Parts,
) -> Result<Response, Error> {
    let mut response = Response::new(Body::empty());
    describe(service, object, right, parts, response.headers_mut());
    if is_unchanged(&parts.headers, &object.etag(), object.last_modified()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let asked = AskedRange::of(&parts.headers)?;
    let range_of = move |size: u64| asked.map_or(Some(0..size), |range| range.within(size));
    let at = object.location();
    let content = service
        .backend
        .read(&at, &range_of)
        .await
        .map_err(Error::internal)?
        .ok_or(Error::FileGone)?;
    let range = range_of(content.size).ok_or(Error::Range)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    if asked.is_some() {
        set(
            headers,
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{}", range.start, range.end - 1, content.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    *response.body_mut() = Body::from_stream(content.stream);
    Ok(response)
}

/// `HEAD`: what `GET` would say, from the row alone where that is enough.
pub(crate) async fn head(
    service: &Inner,
    object: &Object,
    right: Right,
    parts: &Parts,
) -> Result<Response, Error> {
    let size = if let Some(size) = object.size() {
        size
    } else {
        let content = service.backend.read(&object.location(), &|_| None).await;
        content
            .map_err(Error::internal)?
            .ok_or(Error::FileGone)?
            .size
    };
    let mut response = Response::new(Body::empty());
    describe(service, object, right, parts, response.headers_mut());
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, size.into());
    Ok(response)
}

fn describe(
    service: &Inner,
    object: &Object,
    right: Right,
    parts: &Parts,
    headers: &mut HeaderMap,
) {
    set(
        headers,
        header::CONTENT_TYPE,
        harmless(object.content_type()),
    );
    set(headers, header::ETAG, object.etag());
    if let Some(modified) = object.last_modified() {
        set(headers, header::LAST_MODIFIED, http_date(modified));
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set(
        headers,
        HeaderName::from_static("x-robots-tag"),
        object.meta("xRobotsTag").unwrap_or("none"),
    );
    match right {
        Right::Signed { expires } => {
            if let Some(expires) = DateTime::from_timestamp(expires, 0) {
                set(headers, header::EXPIRES, http_date(expires));
            }
        }
        Right::Public | Right::Caller => {
            set(
                headers,
                header::CACHE_CONTROL,
                cache_control(service, object, right, parts),
            );
        }
    }
    if let Some(name) = query_value(parts.uri.query().unwrap_or_default(), "download") {
        set(headers, header::CONTENT_DISPOSITION, disposition(&name));
    }
}

/// A page would run as part of the API's own origin.
fn harmless(content_type: &str) -> Cow<'_, str> {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("text/html") {
        Cow::Owned(
            content_type
                .to_ascii_lowercase()
                .replacen("text/html", "text/plain", 1),
        )
    } else {
        Cow::Borrowed(content_type)
    }
}

fn cache_control(service: &Inner, object: &Object, right: Right, parts: &Parts) -> String {
    let mut value = object.cache_control().to_owned();
    let asked = parts
        .headers
        .get(header::IF_NONE_MATCH)
        .map(HeaderValue::as_bytes);
    if asked.is_some_and(|tag| tag != object.etag().as_bytes()) {
        if parts.method == http::Method::HEAD {
            value.push_str(", must-revalidate");
        } else {
            value.push_str(", stale-while-revalidate=30");
        }
    }
    let shared = service.settings.shared_max_age;
    if shared > 0 && right == Right::Public {
        let _ = write!(value, ", s-maxage={shared}");
    }
    value
}

fn disposition(name: &str) -> String {
    if name.is_empty() {
        return "attachment;".into();
    }
    let encoded = encode_component(name);
    format!("attachment; filename={encoded}; filename*=UTF-8''{encoded}")
}

/// Sets a header; a stored value that no header can hold is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        headers.insert(name, value);
    }
}
