//! What a verified token says.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::Error;

/// The claims of a verified token: the payload exactly as it was signed, and a parsed view.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    raw: Arc<str>,
    members: Arc<Map<String, Value>>,
}

impl Claims {
    /// Parses a payload. It must be a JSON object whose times are numbers and whose `aud` is a string or
    /// an array of strings; null counts as absent.
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let Ok(Value::Object(members)) = serde_json::from_str(raw) else {
            return Err(Error::NotAnObject);
        };
        for name in ["exp", "nbf", "iat"] {
            if !matches!(
                members.get(name),
                None | Some(Value::Null | Value::Number(_))
            ) {
                return Err(Error::NotANumber(name));
            }
        }
        let audience_fits = match members.get("aud") {
            None | Some(Value::Null | Value::String(_)) => true,
            Some(Value::Array(items)) => items.iter().all(Value::is_string),
            Some(_) => false,
        };
        if !audience_fits {
            return Err(Error::AudienceShape);
        }
        Ok(Self {
            raw: raw.into(),
            members: Arc::new(members),
        })
    }

    /// The payload as it was signed: what `request.jwt.claims` is set to.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Any claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// All claims.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Claim `role`.
    pub fn role(&self) -> Option<&str> {
        self.text("role")
    }

    /// Claim `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// A time claim in whole seconds, fractions cut.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "out-of-range floats saturate, which is what is wanted"
    )]
    pub fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_f64().map(|number| number.trunc() as i64))
    }

    /// Whether `aud` is absent, empty or names `wanted`.
    pub fn has_audience(&self, wanted: &str) -> bool {
        match self.get("aud") {
            None | Some(Value::Null) => true,
            Some(Value::String(audience)) => audience == wanted,
            Some(Value::Array(items)) => {
                items.is_empty() || items.iter().any(|item| item == wanted)
            }
            Some(_) => false,
        }
    }
}
