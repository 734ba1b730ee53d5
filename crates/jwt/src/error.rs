//! Why a token is not good. Each service gives these its own words on the wire.

/// Why a token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `Authorization: Bearer ` with nothing behind it.
    #[error("the token is empty")]
    Empty,
    /// Not three parts between dots; holds how many there are.
    #[error("expected 3 parts, got {0}")]
    Parts(usize),
    /// A part is not base64url, or the header is not a JSON object.
    #[error("the token cannot be decoded")]
    Malformed,
    /// `alg` is `none`, unknown, or of no configured key.
    #[error("algorithm {0} is not accepted")]
    Algorithm(String),
    /// No configured key fits the `kid` or the signature.
    #[error("no key verifies the signature")]
    Signature,
    /// The payload is not a JSON object.
    #[error("the claims are not a JSON object")]
    NotAnObject,
    /// `exp`, `nbf` or `iat` is not a number (a string in particular).
    #[error("claim {0} must be a number")]
    NotANumber(&'static str),
    /// `aud` is neither a string nor an array of strings.
    #[error("claim aud must be a string or an array of strings")]
    AudienceShape,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` lies ahead.
    #[error("the token was issued in the future")]
    IssuedInFuture,
}
