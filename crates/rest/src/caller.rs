//! Who is calling: the token, in PostgREST's words.

use http::HeaderMap;
use jwt::{Caller, TimeRules, Verifier};
use serde_json::Value;
use web::Authorization;

use crate::config::Config;
use crate::error::Error;

/// REST-JWT-01 to -08. `verifier` is missing where the database says that there is no secret.
pub(crate) fn identify(
    headers: &HeaderMap,
    verifier: Option<&Verifier>,
    config: &Config,
) -> Result<Caller, Error> {
    let Authorization::Bearer(token) = web::authorization(headers) else {
        return config
            .anon_role
            .as_deref()
            .map(Caller::anonymous)
            .ok_or(Error::Anonymous);
    };
    let claims = verifier
        .ok_or(Error::NoSecret)?
        .verify(token, TimeRules::REST)
        .map_err(Error::Token)?;
    if config
        .jwt_aud
        .as_deref()
        .is_some_and(|audience| !claims.has_audience(audience))
    {
        return Err(Error::Audience);
    }
    // REST-JWT-06: what is not a string is taken as its JSON text.
    let role = match config.role_key.find(claims.members()) {
        Some(Value::String(role)) => role,
        Some(Value::Null) | None => config.anon_role.clone().ok_or(Error::Anonymous)?,
        Some(other) => other.to_string(),
    };
    Ok(Caller {
        role,
        claims: Some(claims),
    })
}
