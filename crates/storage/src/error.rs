//! Everything that can go wrong, and its exact shape on the wire.
//!
//! The HTTP status is 400 for nearly all of it, whatever `statusCode` in the body says: clients of the upstream
//! service assert both.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// An error of the service.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    // The request.
    /// Breaks the shape of the body, the query or the headers.
    Invalid(String),
    /// `application/json` without a body.
    EmptyJson,
    /// No such route.
    Route(String),
    /// A cursor that was not made here.
    Cursor,
    /// The key has a character that keys may not have, or is too long.
    Key(String),
    /// The name of a bucket breaks the rule.
    BucketName,
    /// Not a size such as `20MB`.
    SizeFormat,
    /// More bytes than allowed.
    TooLarge,
    /// The bucket does not take this type, or the type is no type.
    MimeType(String),
    /// `Content-Type` cannot be read.
    ContentType,
    /// A form without a file, or a body that ended early.
    NoContent,
    /// A bad `x-robots-tag`.
    Robots(String),
    /// A range that cannot be served.
    Range,
    /// More objects named than the hard limit allows.
    BulkLimit,
    /// Not switched on.
    FeatureOff(&'static str),

    // Tokens.
    /// The bearer token is no good.
    Token(String),
    /// The token's role may not do this.
    Role,
    /// A signed URL for something else.
    Signature,
    /// A signed URL for another purpose.
    Scope(&'static str),
    /// The token of a signed URL is no good.
    SignedToken(String),

    // What is there.
    /// The bucket is not there, or not for this caller.
    NoSuchBucket,
    /// The object is not there, or not for this caller.
    NoSuchKey,
    /// The row is there, its file is gone.
    FileGone,
    /// The object is there already.
    KeyExists,
    /// The bucket is there already.
    BucketExists,
    /// The destination of a move is there already.
    DestinationExists,
    /// The bucket holds objects.
    BucketNotEmpty,
    /// Too many objects to empty the bucket.
    BucketTooFull,
    /// A bucket that the row would belong to is not there.
    Related,
    /// A row of the application refers to this one.
    Referenced(String),

    // Rights.
    /// Row security refuses a write.
    RowSecurity(String),
    /// A right on a table or a role is missing; PostgreSQL's words.
    Privilege(String),
    /// A delete was refused or found nothing visible.
    AccessDenied,

    // The database.
    /// Somebody holds the row.
    Locked,
    /// Somebody held the key for too long.
    LockTimeout,
    /// Timed out, or no connection.
    DatabaseTimeout(String),
    /// It takes no writes.
    ReadOnly,
    /// A policy or trigger names what is not there.
    SchemaMismatch(String),
    /// A policy refers to itself.
    Definition,
    /// A value that does not fit its type.
    Value(String),
    /// A function of the application raised it; its words.
    Raised(String),
    /// Any other SQLSTATE; it, and the words for the log.
    Database {
        /// The SQLSTATE.
        code: String,
        /// For the log.
        message: String,
    },
    /// Out of connections.
    TooManyConnections(String),

    /// Unforeseen; the cause is for the log.
    Internal(String),
}

/// One line of the table.
struct Line {
    http: u16,
    status: u16,
    error: &'static str,
    code: &'static str,
    message: Cow<'static, str>,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// HTTP status, `statusCode`, `error`, `code`, `message`.
    #[rustfmt::skip]
    fn line(&self) -> Line {
        let line = |http, status, error, code, message: &'static str| Line { http, status, error, code, message: message.into() };
        let told = |http, status, error, code, message: String| Line { http, status, error, code, message: message.into() };
        match self {
            Self::Invalid(text) => told(400, 400, "Error", "InvalidRequest", text.clone()),
            Self::EmptyJson => line(400, 400, "FastifyError", "InvalidRequest", "Body cannot be empty when content-type is set to 'application/json'"),
            Self::Route(route) => told(404, 404, "Not Found", "InvalidRequest", format!("Route {route} not found")),
            Self::Cursor => line(400, 400, "InvalidParameter", "InvalidParameter", "Invalid Parameter continuation token"),
            Self::Key(key) => told(400, 400, "InvalidKey", "InvalidKey", format!("Invalid key: {key}")),
            Self::BucketName => line(400, 400, "Invalid Input", "InvalidBucketName", "Bucket name invalid"),
            Self::SizeFormat => line(400, 400, "InvalidRequest", "InvalidRequest", "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B"),
            Self::TooLarge => line(400, 413, "Payload too large", "EntityTooLarge", "The object exceeded the maximum allowed size"),
            Self::MimeType(name) => told(400, 415, "invalid_mime_type", "InvalidMimeType", format!("mime type {name} is not supported")),
            Self::ContentType => line(400, 415, "invalid_mime_type", "InvalidMimeType", "Invalid Content-Type header"),
            Self::NoContent => line(400, 400, "InvalidRequest", "InvalidRequest", "No content provided"),
            Self::Robots(why) => told(400, 400, "invalid_x_robots_tag", "InvalidRequest", format!("Invalid X-Robots-Tag header: {why}")),
            Self::Range => line(416, 400, "invalid_range", "InvalidRange", "invalid range provided"),
            Self::BulkLimit => line(400, 400, "InvalidRequest", "InvalidRequest", "Bulk object requests are limited to 1000 objects per request."),
            Self::FeatureOff(what) => told(400, 409, "FeatureNotEnabled", "FeatureNotEnabled", format!("The feature {what} is not enabled for this resource")),

            Self::Token(why) => told(400, 403, "Unauthorized", "AccessDenied", why.clone()),
            Self::Role => line(403, 403, "Unauthorized", "AccessDenied", "Access denied: Invalid role"),
            Self::Signature => line(400, 400, "InvalidSignature", "InvalidSignature", "Invalid signature"),
            Self::Scope(what) => told(400, 400, "InvalidSignature", "InvalidSignature", format!("Token is not scoped for {what}")),
            Self::SignedToken(why) => told(400, 400, "InvalidJWT", "InvalidJWT", why.clone()),

            Self::NoSuchBucket => line(400, 404, "Bucket not found", "NoSuchBucket", "Bucket not found"),
            Self::NoSuchKey => line(400, 404, "not_found", "NoSuchKey", "Object not found"),
            Self::FileGone => line(400, 404, "Not found", "NoSuchKey", "The resource was not found"),
            Self::KeyExists => line(400, 409, "Duplicate", "KeyAlreadyExists", "The resource already exists"),
            Self::BucketExists => line(400, 409, "Duplicate", "BucketAlreadyExists", "The resource already exists"),
            Self::DestinationExists => line(400, 409, "Duplicate", "ResourceAlreadyExists", "The resource already exists"),
            Self::BucketNotEmpty => line(400, 409, "ResourceNotEmpty", "ResourceNotEmpty", "The bucket you tried to delete is not empty"),
            Self::BucketTooFull => line(400, 409, "InvalidRequest", "InvalidRequest", "Unable to empty the bucket because it contains too many objects"),
            Self::Related => line(400, 404, "InvalidRequest", "InvalidRequest", "The related resource does not exist"),
            Self::Referenced(text) => told(400, 409, "ResourceReferenced", "ResourceReferenced", text.clone()),

            Self::RowSecurity(text) | Self::Privilege(text) => told(400, 403, "Unauthorized", "AccessDenied", text.clone()),
            Self::AccessDenied => line(400, 403, "Unauthorized", "AccessDenied", "Access denied"),

            Self::Locked => line(400, 423, "ResourceLocked", "ResourceLocked", "The resource is locked"),
            Self::LockTimeout => line(400, 503, "acquiring_lock_timeout", "LockTimeout", "acquiring lock timeout"),
            Self::DatabaseTimeout(_) => line(544, 544, "DatabaseTimeout", "DatabaseTimeout", "The connection to the database timed out"),
            Self::ReadOnly => line(400, 503, "DatabaseReadOnly", "DatabaseReadOnly", "The database is currently in read-only mode. Please try again later."),
            Self::SchemaMismatch(context) => told(400, 503, "DatabaseSchemaMismatch", "DatabaseSchemaMismatch", format!("There is a database schema mismatch in a trigger or RLS policy: {context}")),
            Self::Definition => line(400, 503, "DatabaseInvalidObjectDefinition", "DatabaseInvalidObjectDefinition", "The database schema is invalid or incompatible."),
            Self::Value(text) => told(400, 400, "InvalidRequest", "InvalidRequest", text.clone()),
            Self::Raised(text) => told(400, 400, "DatabaseError", "DatabaseError", text.clone()),
            Self::Database { code, .. } => told(500, 500, "DatabaseError", "DatabaseError", format!("database error, code: {code}")),
            Self::TooManyConnections(_) => line(429, 429, "too_many_connections", "SlowDown", "Too many connections issued to the database"),

            Self::Internal(_) => line(500, 500, "Internal", "InternalError", "Internal Server Error"),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line().message)
    }
}

impl std::error::Error for Error {}

impl web::Failure for Error {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.line().http).expect("the table holds statuses")
    }

    fn into_response(self) -> Response {
        let line = self.line();
        let body = json!({
            "statusCode": line.status.to_string(),
            "error": line.error,
            "message": line.message,
            "code": line.code,
        });
        let mut response = web::json_response(self.status(), &body);
        if matches!(self, Self::FileGone) {
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause)
            | Self::DatabaseTimeout(cause)
            | Self::TooManyConnections(cause) => Some(cause.clone()),
            Self::Database { code, message } => Some(format!("{code}: {message}")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
