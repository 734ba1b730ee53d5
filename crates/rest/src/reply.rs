//! Status, headers, bytes.

use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use settings::RestVersion;

use crate::config::Config;
use crate::error::Error;
use crate::plan::{Change, Kind, Plan, WritePlan};
use crate::request::prefer::Resolution;
use crate::request::query_string::encode;
use crate::request::{Action, ApiRequest};
use crate::result::ResultSet;
use crate::timing::Timing;

/// What is sent.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// Whether a body could follow; if not there is neither `Content-Type` nor `Content-Length`.
    length: Option<usize>,
}

impl Reply {
    /// REST-OPT-01.
    pub(crate) fn info(allow: &str) -> Self {
        let headers = vec![
            (
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            ),
            (
                header::ALLOW,
                HeaderValue::from_str(allow).expect("methods are plain words"),
            ),
        ];
        Self {
            status: 200,
            headers,
            body: Bytes::new(),
            length: Some(0),
        }
    }

    /// REST-HTTP-05: the table of what each answer carries.
    pub(crate) fn shape(
        result: ResultSet,
        request: &ApiRequest,
        plan: &Plan,
        config: &Config,
    ) -> Result<Self, Error> {
        let mut reply = match &plan.kind {
            Kind::Info { allow } => return Ok(Self::info(allow)),
            _ if plan.chosen.explain.is_some() => Self::of_text(&result, plan),
            Kind::Write(write) => Self::of_write(&result, plan, write),
            Kind::Read(_) | Kind::Call(_) => Self::of_rows(&result, request, plan)?,
            Kind::Root { .. } => Self::of_text(&result, plan),
        };
        if reply
            .headers
            .iter()
            .any(|(name, _)| *name == header::CONTENT_TYPE)
            && (config.schemas.len() > 1 || request.profile_given)
        {
            reply.add(
                HeaderName::from_static("content-profile"),
                request.shape.schema.clone(),
            );
        }
        if let Some(applied) = &plan.applied {
            reply.headers.push((
                HeaderName::from_static("preference-applied"),
                applied.clone(),
            ));
        }
        // REST-VER-01, -02: new in 16.
        if config.version == RestVersion::Sixteen {
            if !plan.deprecated.is_empty() {
                reply.add(header::WARNING, deprecation(&plan.deprecated));
            }
            reply.headers.push((
                header::VARY,
                HeaderValue::from_static("Accept, Prefer, Range"),
            ));
        }
        reply.overridden(&result)?;
        if reply.length.is_some() && !request.shape.head {
            reply.body = result
                .body
                .filter(|_| reply.length != Some(0))
                .unwrap_or_default();
        }
        if request.shape.head {
            reply.length = None;
        }
        Ok(reply)
    }

    fn of_rows(result: &ResultSet, request: &ApiRequest, plan: &Plan) -> Result<Self, Error> {
        let void = matches!(&plan.kind, Kind::Call(call) if call.function.returns.shape == catalog::Shape::Void);
        let offset = request.range.offset;
        if let Some(total) = result.total.filter(|total| offset > *total) {
            return Err(Error::OffsetBeyond { offset, total });
        }
        let partial = result.total.is_some_and(|total| result.rows < total);
        let status = match (void, partial) {
            (true, _) => 204,
            (false, true) => 206,
            (false, false) => 200,
        };
        let mut reply = Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            length: None,
        };
        if !void {
            reply.typed(plan);
            reply.length = Some(result.body.as_ref().map_or(0, Bytes::len));
        }
        reply.add(
            header::CONTENT_RANGE,
            content_range(offset, result.rows, result.total),
        );
        if let Action::Relation { name, .. } = &request.shape.action {
            let mut location = format!("/{}", encode(name));
            if !request.canonical_query.is_empty() {
                let _ = write!(location, "?{}", request.canonical_query);
            }
            reply.add(header::CONTENT_LOCATION, location);
        }
        Ok(reply)
    }

    fn of_write(result: &ResultSet, plan: &Plan, write: &WritePlan) -> Self {
        let shown = write.node.is_some();
        let status = match (&write.change, shown) {
            (
                Change::Insert {
                    conflict: Some(conflict),
                },
                _,
            ) if conflict.resolution == Resolution::MergeDuplicates
                && result.inserted.unwrap_or(0) <= 0 =>
            {
                200
            }
            (Change::Insert { .. }, _) => 201,
            (Change::SingleUpsert { .. }, true) => {
                if result.inserted.unwrap_or(0) > 0 {
                    201
                } else {
                    200
                }
            }
            (_, true) => 200,
            (_, false) => 204,
        };
        let mut reply = Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            length: None,
        };
        if shown {
            reply.typed(plan);
            reply.length = Some(result.body.as_ref().map_or(0, Bytes::len));
        } else if matches!(write.change, Change::Insert { .. }) {
            reply.length = Some(0);
        }
        match &write.change {
            Change::Update => reply.add(
                header::CONTENT_RANGE,
                content_range(0, result.rows, result.total),
            ),
            Change::Insert { .. } | Change::Delete => {
                let total = result
                    .total
                    .map_or_else(|| "*".to_owned(), |total| total.to_string());
                reply.add(header::CONTENT_RANGE, format!("*/{total}"));
            }
            Change::SingleUpsert { .. } => {}
        }
        if let Some(key) = result.key.as_ref().filter(|_| result.rows == 1) {
            reply.add(header::LOCATION, location(write, key));
        }
        reply
    }

    fn typed(&mut self, plan: &Plan) {
        self.headers
            .push((header::CONTENT_TYPE, plan.chosen.content_type.clone()));
    }

    /// Adds a header, unless its value cannot be one.
    fn add(&mut self, name: HeaderName, value: String) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.push((name, value));
        }
    }

    /// What is no rows: an execution plan, the description of the API. Always 200, and no range.
    fn of_text(result: &ResultSet, plan: &Plan) -> Self {
        let mut reply = Self {
            status: 200,
            headers: Vec::new(),
            body: Bytes::new(),
            length: Some(result.body.as_ref().map_or(0, Bytes::len)),
        };
        reply.typed(plan);
        reply
    }

    /// REST-RSP-01 to -03.
    fn overridden(&mut self, result: &ResultSet) -> Result<(), Error> {
        if let Some(text) = &result.headers {
            let added = response_headers(text).ok_or(Error::ResponseHeaders)?;
            self.headers
                .retain(|(own, _)| !added.iter().any(|(name, _)| name == own));
            self.headers.extend(added);
        }
        if let Some(text) = &result.status {
            let status = text
                .trim()
                .parse()
                .ok()
                .filter(|status| (200..=599).contains(status));
            self.status = status.ok_or(Error::ResponseStatus)?;
        }
        Ok(())
    }

    /// REST-OPS-04.
    pub(crate) fn timed(&mut self, timing: Timing) {
        if let Some(told) = timing.told() {
            self.add(HeaderName::from_static("server-timing"), told);
        }
    }

    /// The bytes on their way.
    pub(crate) fn into_response(self) -> Response {
        let body = match self.length {
            Some(_) => Body::from(self.body),
            None => without_length(),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if let Some(length) = self.length {
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        response
    }
}

/// No bytes, of no announced length: to an empty body the router would add `Content-Length: 0`.
pub(crate) fn without_length() -> Body {
    Body::new(Unmeasured)
}

struct Unmeasured;

impl http_body::Body for Unmeasured {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// REST-RNG-05.
fn content_range(offset: i64, rows: i64, total: Option<i64>) -> String {
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    if rows == 0 {
        return format!("*/{total}");
    }
    format!("{offset}-{}/{total}", offset.saturating_add(rows - 1))
}

/// REST-INS-04.
fn location(write: &WritePlan, key: &[Option<String>]) -> String {
    let relation = &write.relation;
    let parts: Vec<String> = relation
        .primary_key
        .iter()
        .zip(key)
        .map(|(column, value)| match value {
            Some(value) => format!("{}=eq.{}", encode(column), encode(value)),
            None => format!("{}=is.null", encode(column)),
        })
        .collect();
    format!("/{}?{}", encode(&relation.name.name), parts.join("&"))
}

fn response_headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let items: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text).ok()?;
    items
        .iter()
        .map(|item| {
            let mut members = item.iter();
            let (name, value) = members.next()?;
            let single = members.next().is_none();
            single.then_some((
                HeaderName::try_from(name.as_str()).ok()?,
                HeaderValue::from_bytes(value.as_str()?.as_bytes()).ok()?,
            ))
        })
        .collect()
}

/// REST-EMB-11.
fn deprecation(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, alias)| format!("`{name}` to `{alias}`"))
        .collect();
    format!(
        "299 PostgRESTv16.1 \"Embedded resource was referenced by relation name even though it has an alias. \
         This is deprecated and will stop working in a future release. Update {} in query string filters, orders or limits.\"",
        pairs.join(", ")
    )
}
