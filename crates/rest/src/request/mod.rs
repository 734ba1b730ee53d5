//! What was asked, typed. Has never heard of a table.

mod cursor;
mod filter;
mod json_path;
pub(crate) mod media;
mod order;
pub(crate) mod payload;
pub(crate) mod prefer;
pub(crate) mod query_string;
pub(crate) mod range;
mod select;
pub(crate) mod syntax;
pub(crate) mod transport;
pub(crate) mod values;

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::config::Config;
use crate::error::Error;
use media::MediaType;
use payload::{PayloadShape, Purpose};
use prefer::Preferences;
use query_string::Arguments;
use range::RootRange;
use syntax::QueryParams;
use values::{ValueId, Values};

/// What a request does to a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Read,
    Insert,
    Update,
    SingleUpsert,
    Delete,
    Options,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallVerb {
    /// Arguments in the query string, read only.
    Get,
    /// Arguments in the body.
    Post,
    Options,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Root { options: bool },
    Relation { name: String, verb: Verb },
    Call { name: String, verb: CallVerb },
}

/// Everything in a request that decides plan and SQL: the key under which both are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// HEAD: the same, without the body.
    pub(crate) head: bool,
    pub(crate) schema: String,
    pub(crate) action: Action,
    pub(crate) params: QueryParams,
    pub(crate) limit: Option<ValueId>,
    pub(crate) offset: Option<ValueId>,
    pub(crate) payload: PayloadShape,
    pub(crate) prefer: Preferences,
    pub(crate) accept: Vec<MediaType>,
}

/// A request.
#[derive(Debug)]
pub(crate) struct ApiRequest {
    pub(crate) shape: Shape,
    pub(crate) values: Values,
    pub(crate) body: Bytes,
    pub(crate) range: RootRange,
    pub(crate) method: Method,
    /// The path as received.
    pub(crate) path: String,
    /// The query string in canonical form; empty if there is none.
    pub(crate) canonical_query: String,
    /// Whether the caller named a schema.
    pub(crate) profile_given: bool,
}

impl ApiRequest {
    /// Reads a request whose body has been received, in the order of REST-SEQ-01.
    pub(crate) fn parse(parts: &Parts, body: Bytes, config: &Config) -> Result<Self, Error> {
        let path = parts.uri.path();
        let segments = segments(path)?;
        let method = &parts.method;
        let (schema, profile_given) = profile(parts, config)?;
        let action = match (action(&segments, method)?, &config.root_spec) {
            // REST-OAS-03: as a call of that function.
            (Action::Root { options: false }, Some(name)) => Action::Call {
                name: name.clone(),
                verb: CallVerb::Get,
            },
            (action, _) => action,
        };

        let mut values = Values::default();
        let pairs = query_string::pairs(parts.uri.query().unwrap_or_default());
        let arguments = match &action {
            Action::Call {
                verb: CallVerb::Get | CallVerb::Options,
                ..
            } => Arguments::Allowed,
            _ => Arguments::Refused,
        };
        let (mut params, window) =
            query_string::parse(&pairs, arguments, config.max_rows, &mut values)?;
        let reads = matches!(
            &action,
            Action::Relation {
                verb: Verb::Read,
                ..
            } | Action::Call { .. }
        );
        let is_put = matches!(
            &action,
            Action::Relation {
                verb: Verb::SingleUpsert,
                ..
            }
        );
        let range = RootRange::resolve(window, parts, config.max_rows.filter(|_| reads))?;
        if is_put && (window.limit.is_some() || window.offset.is_some()) {
            return Err(Error::PutRange);
        }
        let (limit, offset) = if reads {
            (
                range.limit.map(|limit| values.add_text(&limit.to_string())),
                (range.offset > 0).then(|| values.add_text(&range.offset.to_string())),
            )
        } else {
            (None, None)
        };

        let purpose = match &action {
            Action::Relation {
                verb: Verb::Insert | Verb::Update | Verb::SingleUpsert,
                ..
            } => Some(Purpose::Write),
            Action::Call {
                verb: CallVerb::Post,
                ..
            } => Some(Purpose::Call),
            _ => None,
        };
        let (payload, body) = match purpose {
            Some(purpose) => {
                let columns = params.columns.as_deref().filter(|_| !is_put);
                payload::read(body, &media::content_type(&parts.headers), purpose, columns)?
            }
            None => (PayloadShape::None, Bytes::new()),
        };
        params.columns = None;
        let shape = Shape {
            head: *method == Method::HEAD,
            schema,
            action,
            params,
            limit,
            offset,
            payload,
            prefer: Preferences::parse(&parts.headers, config.tx_end),
            accept: media::accept(&parts.headers),
        };
        Ok(Self {
            shape,
            values,
            body,
            range,
            method: method.clone(),
            path: path.to_owned(),
            canonical_query: query_string::canonical(&pairs),
            profile_given,
        })
    }
}

/// The decoded path: nothing, a relation, or `rpc` and a function.
fn segments(path: &str) -> Result<Vec<String>, Error> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    path.split('/')
        .map(|segment| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| Error::Path)
        })
        .collect::<Result<Vec<_>, _>>()
        .and_then(|segments| match segments.as_slice() {
            [name] if !name.is_empty() => Ok(segments),
            [rpc, name] if rpc == "rpc" && !name.is_empty() => Ok(segments),
            _ => Err(Error::Path),
        })
}

/// REST-SCH-02, -03.
fn profile(parts: &Parts, config: &Config) -> Result<(String, bool), Error> {
    let name = match parts.method {
        Method::POST | Method::PATCH | Method::PUT | Method::DELETE => "content-profile",
        _ => "accept-profile",
    };
    let wanted = parts
        .headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match wanted {
        None => Ok((config.schemas[0].clone(), false)),
        Some(schema) if config.schemas.contains(&schema) => Ok((schema, true)),
        Some(schema) => Err(Error::Schema {
            schema,
            exposed: config.schemas.clone(),
        }),
    }
}

/// REST-HTTP-01.
fn action(segments: &[String], method: &Method) -> Result<Action, Error> {
    let unsupported = || Error::Method(method.to_string());
    match segments {
        [] => match *method {
            Method::GET | Method::HEAD => Ok(Action::Root { options: false }),
            Method::OPTIONS => Ok(Action::Root { options: true }),
            _ => Err(unsupported()),
        },
        [name] => {
            let verb = match *method {
                Method::GET | Method::HEAD => Verb::Read,
                Method::POST => Verb::Insert,
                Method::PATCH => Verb::Update,
                Method::PUT => Verb::SingleUpsert,
                Method::DELETE => Verb::Delete,
                Method::OPTIONS => Verb::Options,
                _ => return Err(unsupported()),
            };
            Ok(Action::Relation {
                name: name.clone(),
                verb,
            })
        }
        [_, name, ..] => {
            let verb = match *method {
                Method::GET | Method::HEAD => CallVerb::Get,
                Method::POST => CallVerb::Post,
                Method::OPTIONS => CallVerb::Options,
                _ => return Err(Error::RpcMethod(method.to_string())),
            };
            Ok(Action::Call {
                name: name.clone(),
                verb,
            })
        }
    }
}

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;
