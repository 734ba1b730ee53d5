//! Who is asking.

use http::HeaderMap;
use jwt::{Caller, TimeRules, Verifier};
use web::Authorization;

use crate::Error;

/// A verified caller with the token as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) caller: Caller,
    pub(crate) token: String,
}

impl Asker {
    /// The caller that `Authorization` names. There must be one: a gateway makes it from the API key.
    pub(crate) fn of(headers: &HeaderMap, verifier: &Verifier) -> Result<Self, Error> {
        let token = match web::authorization(headers) {
            Authorization::Bearer(token) => token,
            Authorization::Missing => "",
            Authorization::Other(text) => text,
        };
        let claims = verifier
            .verify(token, TimeRules::STRICT)
            .map_err(|error| Error::Token(words(&error)))?;
        Ok(Self {
            caller: Caller::from_claims(claims, "anon"),
            token: token.to_owned(),
        })
    }

    /// As [`Asker::of`], but nobody when there is no token at all.
    pub(crate) fn optional(
        headers: &HeaderMap,
        verifier: &Verifier,
    ) -> Result<Option<Self>, Error> {
        match web::authorization(headers) {
            Authorization::Missing | Authorization::Bearer("") | Authorization::Other("") => {
                Ok(None)
            }
            _ => Self::of(headers, verifier).map(Some),
        }
    }

    /// Claim `sub`: the owner of what is written.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.caller.subject()
    }

    /// For the routes that only servers may use.
    pub(crate) fn must_be_service(&self) -> Result<(), Error> {
        if self.caller.role == "service_role" {
            Ok(())
        } else {
            Err(Error::Role)
        }
    }
}

/// Why a token was refused, in the words of the JWT library that clients know.
pub(crate) fn words(error: &jwt::Error) -> String {
    match error {
        jwt::Error::Empty | jwt::Error::Parts(_) | jwt::Error::Malformed => {
            "Invalid Compact JWS".into()
        }
        jwt::Error::Algorithm(_) => "\"alg\" (Algorithm) Header Parameter value not allowed".into(),
        jwt::Error::Signature => "signature verification failed".into(),
        jwt::Error::NotAnObject => "JWT Claims Set must be a top-level JSON object".into(),
        jwt::Error::NotANumber(claim) => format!("\"{claim}\" claim must be a number"),
        jwt::Error::AudienceShape => "\"aud\" claim must be a string or an array of strings".into(),
        jwt::Error::Expired => "\"exp\" claim timestamp check failed".into(),
        jwt::Error::NotYetValid => "\"nbf\" claim timestamp check failed".into(),
        jwt::Error::IssuedInFuture => {
            "\"iat\" claim timestamp check failed (it should be in the past)".into()
        }
    }
}
