//! `RAISE SQLSTATE 'PGRST'`: an answer composed in SQL (REST-RSP-06, -07).

use pg::ServerError;
use serde_json::{Map, Value};

use super::Body;

/// What the database asked to be answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raised {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

const MESSAGE_HINT: &str = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const DETAIL_HINT: &str = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

/// Reads the error; a malformed one is an error of its own.
pub(super) fn read(error: &ServerError) -> Raised {
    let Some(message) = message(&error.message) else {
        return malformed(
            format!("Invalid JSON value for MESSAGE: '{}'", error.message),
            MESSAGE_HINT,
        );
    };
    let Some(detail) = &error.detail else {
        return malformed(
            "DETAIL is missing in the RAISE statement".to_owned(),
            DETAIL_HINT,
        );
    };
    match self::detail(detail) {
        Some((status, headers)) => Raised {
            status,
            headers,
            body: message,
        },
        None => malformed(
            format!("Invalid JSON value for DETAIL: '{detail}'"),
            DETAIL_HINT,
        ),
    }
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

fn message(text: &str) -> Option<Body> {
    let members = object(text)?;
    let optional = |name: &str| members.get(name).cloned().unwrap_or(Value::Null);
    Some(Body {
        code: members.get("code")?.as_str()?.to_owned(),
        message: members.get("message")?.as_str()?.to_owned(),
        details: optional("details"),
        hint: optional("hint"),
    })
}

fn detail(text: &str) -> Option<(u16, Vec<(String, String)>)> {
    let members = object(text)?;
    let status = u16::try_from(members.get("status")?.as_u64()?)
        .ok()
        .filter(|s| (200..=599).contains(s))?;
    let headers = members.get("headers")?.as_object()?;
    let headers: Option<Vec<_>> = headers
        .iter()
        .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    Some((status, headers?))
}

fn malformed(details: String, hint: &str) -> Raised {
    Raised {
        status: 500,
        headers: Vec::new(),
        body: Body {
            code: "PGRST121".to_owned(),
            details: details.into(),
            hint: hint.into(),
            message: "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error".to_owned(),
        },
    }
}
