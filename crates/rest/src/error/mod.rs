//! Everything that can go wrong, as a table: status, code, message, details, hint.

mod database;
mod raised;
mod render;
mod token;

use pg::ServerError;
use serde_json::Value;
use settings::RestVersion;

pub(crate) use render::render;

/// What a request can fail with, grouped by the stage that finds out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    // Connection.
    #[error("the database cannot be reached")]
    Connection(String),
    #[error("the connection to the database broke")]
    Client(String),
    #[error("the catalog is not loaded yet")]
    NoCatalog,
    #[error("no connection became free in time")]
    PoolTimeout,
    // Request.
    #[error("failed to parse {what}")]
    Syntax {
        what: &'static str,
        text: String,
        column: usize,
        details: String,
    },
    #[error("method on rpc")]
    RpcMethod(String),
    #[error("{0}")]
    Body(String),
    #[error("the limit is negative or the ranges have nothing in common")]
    NegativeLimit,
    #[error("the range ends before it starts")]
    RangeOrder,
    #[error("the filters of a PUT")]
    PutFilters,
    #[error("schema {schema} is not exposed")]
    Schema {
        schema: String,
        exposed: Vec<String>,
    },
    #[error("no media type fits")]
    MediaTypes(Vec<String>),
    #[error("{name} is not embedded")]
    NotEmbedded { name: String, alias: Option<String> },
    #[error("limit or offset on PUT")]
    PutRange,
    #[error("method {0}")]
    Method(String),
    #[error("related order on {relation}")]
    RelatedOrder {
        origin: String,
        relation: String,
        target: String,
    },
    #[error("invalid preferences")]
    Preferences(Vec<String>),
    #[error("aggregates are off")]
    AggregatesOff,
    #[error("aggregates inside a spread of many")]
    SpreadAggregate,
    #[error("invalid path")]
    Path,
    #[error("the description of the API is off")]
    RootDisabled,
    #[error("max-affected on a single result")]
    MaxAffectedFunction,
    #[error("the body broke off or is too large")]
    Unreadable,
    // Catalog.
    #[error("no relationship between {origin} and {target}")]
    NoRelationship {
        origin: String,
        target: String,
        hint: Option<String>,
        schema: String,
        suggestion: Option<String>,
    },
    #[error("ambiguous relationship")]
    AmbiguousRelationship {
        origin: String,
        target: String,
        candidates: Vec<Candidate>,
    },
    #[error("no function {name}")]
    NoFunction {
        name: String,
        arguments: Vec<String>,
        search: FunctionSearch,
        suggestion: Option<String>,
    },
    #[error("ambiguous function")]
    AmbiguousFunction(Vec<String>),
    #[error("no column {column}")]
    NoColumn { column: String, relation: String },
    #[error("no relation {name}")]
    NoRelation {
        name: String,
        suggestion: Option<String>,
    },
    // Token.
    #[error("there is no secret to check tokens with")]
    NoSecret,
    #[error("token refused: {0}")]
    Token(jwt::Error),
    #[error("wrong audience")]
    Audience,
    #[error("anonymous access is disabled")]
    Anonymous,
    // Answer.
    #[error("offset beyond the total")]
    OffsetBeyond { offset: i64, total: i64 },
    #[error("not one row")]
    NotSingular(u64),
    #[error("the keys of a PUT")]
    PutMismatch,
    #[error("too many rows affected")]
    MaxAffected(u64),
    #[error("response.headers")]
    ResponseHeaders,
    #[error("response.status")]
    ResponseStatus,
    // The database's own.
    #[error("{} ({})", .error.message, .error.code)]
    Database {
        error: Box<ServerError>,
        anonymous: bool,
    },
    #[error("internal: {0}")]
    Internal(String),
}

/// One of several relationships that a request could mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) cardinality: &'static str,
    pub(crate) embedding: String,
    pub(crate) relationship: String,
    pub(crate) hint: String,
}

/// How a function was searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FunctionSearch {
    /// By argument names.
    Named,
    /// By argument names, else one that takes the whole JSON body.
    NamedOrJson,
    /// One that takes a raw body of this type.
    Raw(&'static str),
}

/// The four members of an error body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) code: String,
    pub(crate) details: Value,
    pub(crate) hint: Value,
    pub(crate) message: String,
}

impl Error {
    /// A failed call to the database; `anonymous` decides between 401 and 403.
    pub(crate) fn from_pg(error: pg::Error, anonymous: bool) -> Self {
        match error {
            pg::Error::Server(error) => Self::Database { error, anonymous },
            pg::Error::Connect(text) => Self::Connection(text),
            pg::Error::Lost(text) => Self::Client(text),
            pg::Error::PoolTimeout(_) => Self::PoolTimeout,
            pg::Error::Protocol(text) => Self::Internal(text),
            pg::Error::Unsendable(text) => Self::Body(text),
            pg::Error::TooLarge(bytes) => {
                Self::Internal(format!("the answer is larger than {bytes} bytes"))
            }
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::AmbiguousRelationship { .. } | Self::AmbiguousFunction(_) => 300,
            Self::Syntax { .. }
            | Self::Body(_)
            | Self::NotEmbedded { .. }
            | Self::PutRange
            | Self::RelatedOrder { .. }
            | Self::Preferences(_)
            | Self::AggregatesOff
            | Self::SpreadAggregate
            | Self::MaxAffectedFunction
            | Self::Unreadable
            | Self::NoRelationship { .. }
            | Self::NoColumn { .. }
            | Self::PutMismatch
            | Self::MaxAffected(_) => 400,
            Self::Token(_) | Self::Audience | Self::Anonymous => 401,
            Self::Path | Self::RootDisabled | Self::NoFunction { .. } | Self::NoRelation { .. } => {
                404
            }
            Self::RpcMethod(_) | Self::PutFilters | Self::Method(_) => 405,
            Self::Schema { .. } | Self::MediaTypes(_) | Self::NotSingular(_) => 406,
            Self::NegativeLimit | Self::RangeOrder | Self::OffsetBeyond { .. } => 416,
            Self::NoSecret | Self::ResponseHeaders | Self::ResponseStatus | Self::Internal(_) => {
                500
            }
            Self::Connection(_) | Self::Client(_) | Self::NoCatalog => 503,
            Self::PoolTimeout => 504,
            Self::Database { error, anonymous } => database::status(error, *anonymous),
        }
    }

    /// The code of the body and of `Proxy-Status`.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Connection(_) => "PGRST000",
            Self::Client(_) => "PGRST001",
            Self::NoCatalog => "PGRST002",
            Self::PoolTimeout => "PGRST003",
            Self::Syntax { .. } => "PGRST100",
            Self::RpcMethod(_) => "PGRST101",
            Self::Body(_) | Self::Unreadable => "PGRST102",
            Self::NegativeLimit | Self::RangeOrder | Self::OffsetBeyond { .. } => "PGRST103",
            Self::PutFilters => "PGRST105",
            Self::Schema { .. } => "PGRST106",
            Self::MediaTypes(_) => "PGRST107",
            Self::NotEmbedded { .. } => "PGRST108",
            Self::ResponseHeaders => "PGRST111",
            Self::ResponseStatus => "PGRST112",
            Self::PutRange => "PGRST114",
            Self::PutMismatch => "PGRST115",
            Self::NotSingular(_) => "PGRST116",
            Self::Method(_) => "PGRST117",
            Self::RelatedOrder { .. } => "PGRST118",
            Self::Preferences(_) => "PGRST122",
            Self::AggregatesOff => "PGRST123",
            Self::MaxAffected(_) => "PGRST124",
            Self::Path => "PGRST125",
            Self::RootDisabled => "PGRST126",
            Self::SpreadAggregate => "PGRST127",
            Self::MaxAffectedFunction => "PGRST128",
            Self::NoRelationship { .. } => "PGRST200",
            Self::AmbiguousRelationship { .. } => "PGRST201",
            Self::NoFunction { .. } => "PGRST202",
            Self::AmbiguousFunction(_) => "PGRST203",
            Self::NoColumn { .. } => "PGRST204",
            Self::NoRelation { .. } => "PGRST205",
            Self::NoSecret => "PGRST300",
            Self::Token(error) => token::code(error),
            Self::Anonymous => "PGRST302",
            Self::Audience => "PGRST303",
            Self::Internal(_) => "PGRSTX00",
            Self::Database { error, .. } => &error.code,
        }
    }

    /// What happened, in the words that clients match on.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Connection(_) => "Database connection error.".to_owned(),
            Self::Client(_) => "Database client error. Retrying the connection.".to_owned(),
            Self::NoCatalog => "Could not query the database for the schema cache. Retrying.".to_owned(),
            Self::PoolTimeout => "Timed out acquiring connection from connection pool.".to_owned(),
            Self::Syntax { what, text, column, .. } => {
                format!("\"failed to parse {what} ({text})\" (line 1, column {column})")
            }
            Self::RpcMethod(method) => format!("Cannot use the {method} method on RPC"),
            Self::Body(text) => text.clone(),
            Self::Unreadable => "The request body could not be read".to_owned(),
            Self::NegativeLimit | Self::RangeOrder | Self::OffsetBeyond { .. } => {
                "Requested range not satisfiable".to_owned()
            }
            Self::PutFilters => {
                "Filters must include all and only primary key columns with 'eq' operators".to_owned()
            }
            Self::Schema { schema, .. } => format!("Invalid schema: {schema}"),
            Self::MediaTypes(types) => format!("None of these media types are available: {}", types.join(", ")),
            Self::NotEmbedded { name, .. } => format!("'{name}' is not an embedded resource in this request"),
            Self::ResponseHeaders => {
                "response.headers guc must be a JSON array composed of objects with a single key and a string value"
                    .to_owned()
            }
            Self::ResponseStatus => "response.status guc must be a valid status code".to_owned(),
            Self::PutRange => "limit/offset querystring parameters are not allowed for PUT".to_owned(),
            Self::PutMismatch => "Payload values do not match URL in primary key column(s)".to_owned(),
            Self::NotSingular(_) => "Cannot coerce the result to a single JSON object".to_owned(),
            Self::Method(method) => format!("Unsupported HTTP method: {method}"),
            Self::RelatedOrder { relation, .. } => format!("A related order on '{relation}' is not possible"),
            Self::Preferences(_) => "Invalid preferences given with handling=strict".to_owned(),
            Self::AggregatesOff => "Use of aggregate functions is not allowed".to_owned(),
            Self::SpreadAggregate => "Feature not implemented".to_owned(),
            Self::MaxAffected(_) => "Query result exceeds max-affected preference constraint".to_owned(),
            Self::Path => "Invalid path specified in request URL".to_owned(),
            Self::RootDisabled => "Root endpoint metadata is disabled".to_owned(),
            Self::MaxAffectedFunction => {
                "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
                    .to_owned()
            }
            Self::NoRelationship { origin, target, .. } => {
                format!("Could not find a relationship between '{origin}' and '{target}' in the schema cache")
            }
            Self::AmbiguousRelationship { origin, target, .. } => format!(
                "Could not embed because more than one relationship was found for '{origin}' and '{target}'"
            ),
            Self::NoFunction { name, arguments, search, .. } => match search {
                FunctionSearch::Raw(_) => format!("Could not find the function {name} in the schema cache"),
                _ if arguments.is_empty() => {
                    format!("Could not find the function {name} without parameters in the schema cache")
                }
                _ => format!("Could not find the function {name}({}) in the schema cache", arguments.join(", ")),
            },
            Self::AmbiguousFunction(candidates) => {
                format!("Could not choose the best candidate function between: {}", candidates.join(", "))
            }
            Self::NoColumn { column, relation } => {
                format!("Could not find the '{column}' column of '{relation}' in the schema cache")
            }
            Self::NoRelation { name, .. } => format!("Could not find the table '{name}' in the schema cache"),
            Self::NoSecret => "Server lacks JWT secret".to_owned(),
            Self::Token(error) => token::message(error),
            Self::Anonymous => "Anonymous access is disabled".to_owned(),
            Self::Audience => "JWT not in audience".to_owned(),
            Self::Internal(_) => "Internal error".to_owned(),
            Self::Database { error, .. } => error.message.clone(),
        }
    }

    /// The same, as that version says it (REST-VER-10).
    pub(crate) fn message_in(&self, version: RestVersion) -> String {
        match (self, version) {
            (Self::Connection(_), RestVersion::Fourteen) => {
                "Database connection error. Retrying the connection.".to_owned()
            }
            _ => self.message(),
        }
    }

    /// The circumstances.
    pub(crate) fn details(&self) -> Value {
        let text = |text: &str| Value::from(text);
        match self {
            // REST-ERR-07: the driver's text may name hosts, so only its kind is told.
            Self::Connection(_) => text("The database could not be reached."),
            Self::Client(_) => text("The connection to the database was lost."),
            Self::Syntax { details, .. } => text(details),
            Self::NegativeLimit => text("Limit should be greater than or equal to zero."),
            Self::RangeOrder => text(
                "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
            ),
            Self::OffsetBeyond { offset, total } => Value::from(format!(
                "An offset of {offset} was requested, but there are only {total} rows."
            )),
            Self::NotEmbedded { alias: Some(_), .. } => {
                text("Target names are not allowed in filters if they have an alias")
            }
            Self::NotSingular(rows) => Value::from(format!("The result contains {rows} rows")),
            Self::RelatedOrder { origin, target, .. } => Value::from(format!(
                "'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
            )),
            Self::Preferences(items) => {
                Value::from(format!("Invalid preferences: {}", items.join(", ")))
            }
            Self::SpreadAggregate => {
                text("Aggregates are not implemented for one-to-many or many-to-many spreads.")
            }
            Self::MaxAffected(rows) => Value::from(format!("The query affects {rows} rows")),
            Self::NoRelationship {
                origin,
                target,
                hint,
                schema,
                ..
            } => {
                let using = hint
                    .as_ref()
                    .map(|hint| format!(" using the hint '{hint}'"))
                    .unwrap_or_default();
                Value::from(format!(
                    "Searched for a foreign key relationship between '{origin}' and '{target}'{using} in the schema '{schema}', but no matches were found."
                ))
            }
            Self::AmbiguousRelationship { candidates, .. } => candidates
                .iter()
                .map(|candidate| {
                    serde_json::json!({
                        "cardinality": candidate.cardinality,
                        "embedding": candidate.embedding,
                        "relationship": candidate.relationship,
                    })
                })
                .collect(),
            Self::NoFunction {
                name,
                arguments,
                search,
                ..
            } => Value::from(function_search(name, arguments, *search)),
            Self::Token(error) => token::details(error),
            Self::Database { error, .. } => error.detail.clone().into(),
            _ => Value::Null,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Value {
        match self {
            Self::Schema { exposed, .. } => Value::from(format!(
                "Only the following schemas are exposed: {}",
                exposed.join(", ")
            )),
            Self::NotEmbedded {
                name,
                alias: Some(alias),
            } => Value::from(format!(
                "Change '{name}' to '{alias}' in filters, orders or limits."
            )),
            Self::NotEmbedded { name, alias: None } => Value::from(format!(
                "Verify that '{name}' is included in the 'select' query parameter."
            )),
            Self::NoRelationship { suggestion, .. } => suggestion.clone().into(),
            Self::AmbiguousRelationship {
                target, candidates, ..
            } => {
                let hints: Vec<String> = candidates
                    .iter()
                    .map(|candidate| format!("'{}'", candidate.hint))
                    .collect();
                Value::from(format!(
                    "Try changing '{target}' to one of the following: {}. Find the desired relationship in the 'details' key.",
                    hints.join(", ")
                ))
            }
            Self::NoFunction { suggestion, .. } => suggestion
                .as_ref()
                .map(|name| format!("Perhaps you meant to call the function {name}"))
                .into(),
            Self::AmbiguousFunction(_) => Value::from(
                "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
            ),
            Self::NoRelation { suggestion, .. } => suggestion
                .as_ref()
                .map(|name| format!("Perhaps you meant the table '{name}'"))
                .into(),
            Self::Database { error, .. } => error.hint.clone().into(),
            _ => Value::Null,
        }
    }

    /// `WWW-Authenticate`, on 401.
    pub(crate) fn challenge(&self) -> Option<String> {
        match self {
            Self::Token(_) | Self::Audience => Some(format!(
                "Bearer error=\"invalid_token\", error_description=\"{}\"",
                self.message()
            )),
            _ if self.status() == 401 => Some("Bearer".to_owned()),
            _ => None,
        }
    }
}

fn function_search(name: &str, arguments: &[String], search: FunctionSearch) -> String {
    let with = match arguments {
        [] => " without parameters".to_owned(),
        [one] => format!(" with parameter {one}"),
        many => format!(" with parameters {}", many.join(", ")),
    };
    let with = match search {
        FunctionSearch::Named => with,
        FunctionSearch::NamedOrJson => {
            format!("{with} or with a single unnamed json/jsonb parameter")
        }
        FunctionSearch::Raw(kind) => format!(" with a single unnamed {kind} parameter"),
    };
    format!(
        "Searched for the function {name}{with}, but no matches were found in the schema cache."
    )
}

#[cfg(test)]
mod tests;
