//! Why a token was refused, in the words that clients look for (REST-JWT-08).

use serde_json::Value;

pub(super) fn code(error: &jwt::Error) -> &'static str {
    use jwt::Error as E;
    match error {
        E::Empty | E::Parts(_) | E::Malformed | E::Algorithm(_) | E::Signature => "PGRST301",
        _ => "PGRST303",
    }
}

pub(super) fn message(error: &jwt::Error) -> String {
    use jwt::Error as E;
    match error {
        E::Empty => "Empty JWT is sent in Authorization header".to_owned(),
        E::Parts(count) => format!("Expected 3 parts in JWT; got {count}"),
        E::Malformed => "JWT cryptographic operation failed".to_owned(),
        E::Algorithm(_) => "Wrong or unsupported encoding algorithm".to_owned(),
        E::Signature => "No suitable key or wrong key type".to_owned(),
        E::NotANumber(name) => format!("The JWT '{name}' claim must be a number"),
        E::AudienceShape => {
            "The JWT 'aud' claim must be a string or an array of strings".to_owned()
        }
        E::Expired => "JWT expired".to_owned(),
        E::NotYetValid => "JWT not yet valid".to_owned(),
        E::IssuedInFuture => "JWT issued at future".to_owned(),
        E::NotAnObject => "Parsing claims failed".to_owned(),
    }
}

pub(super) fn details(error: &jwt::Error) -> Value {
    match error {
        jwt::Error::Signature => Value::from("None of the keys was able to decode the JWT"),
        jwt::Error::Algorithm(name) if name == "none" => {
            Value::from("JWT is unsecured but expected 'alg' was not 'none'")
        }
        _ => Value::Null,
    }
}
