//! Who is calling: the token, in PostgREST's words.

use http::HeaderMap;
use jwt::{Caller, TimeRules, Verifier};
use web::Authorization;

use crate::config::Config;
use crate::error::Error;

/// REST-JWT-01 to -08.
pub(crate) fn identify(
    headers: &HeaderMap,
    verifier: &Verifier,
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
        .verify(token, TimeRules::REST)
        .map_err(Error::Token)?;
    if config
        .jwt_aud
        .as_deref()
        .is_some_and(|audience| !claims.has_audience(audience))
    {
        return Err(Error::Audience);
    }
    let names_role = !matches!(claims.get("role"), None | Some(serde_json::Value::Null));
    match &config.anon_role {
        Some(anon) => Ok(Caller::from_claims(claims, anon)),
        None if names_role => Ok(Caller::from_claims(claims, "")),
        None => Err(Error::Anonymous),
    }
}
