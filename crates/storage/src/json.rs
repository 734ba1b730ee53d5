//! JSON bodies, with the words in which their faults are known.

use axum::body::Body;
use http::header;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::Error;

const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The members of a JSON object that was sent as a body. Unknown ones are ignored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body that must be there.
    pub(crate) async fn read(parts: &Parts, body: Body) -> Result<Self, Error> {
        let bytes = match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Error::TooLarge),
            Err(_) => return Err(Error::NoContent),
        };
        if bytes.is_empty() {
            let is_json = parts
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
            return Err(if is_json {
                Error::EmptyJson
            } else {
                Error::invalid("body must be object")
            });
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Error::invalid("body must be object")),
            Err(_) => Err(Error::invalid(
                "Body is not valid JSON but content-type is set to 'application/json'",
            )),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A member that is there and not null.
    pub(crate) fn given(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<String, Error> {
        self.optional_text(name)?
            .ok_or_else(|| Error::invalid(format!("body must have required property '{name}'")))
    }

    /// A text; numbers and booleans are taken as theirs.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(Error::invalid(format!("body/{name} must be string"))),
        }
    }

    /// A truth value; its words count, too.
    pub(crate) fn optional_bool(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(Error::invalid(format!("body/{name} must be boolean"))),
        }
    }

    /// A whole number of at least `least`; one written as a text counts, too.
    pub(crate) fn optional_integer(&self, name: &str, least: i64) -> Result<Option<i64>, Error> {
        let Some(value) = self.given(name) else {
            return Ok(None);
        };
        integer(value)
            .ok_or_else(|| Error::invalid(format!("body/{name} must be integer")))
            .and_then(|number| at_least("body", name, number, least))
            .map(Some)
    }

    /// An array of texts with so many items.
    pub(crate) fn texts(
        &self,
        name: &str,
        least: usize,
        most: usize,
    ) -> Result<Vec<String>, Error> {
        let value = self
            .given(name)
            .ok_or_else(|| Error::invalid(format!("body must have required property '{name}'")))?;
        let items = value
            .as_array()
            .ok_or_else(|| Error::invalid(format!("body/{name} must be array")))?;
        if items.len() < least {
            return Err(Error::invalid(format!(
                "body/{name} must NOT have fewer than {least} items"
            )));
        }
        if items.len() > most {
            return Err(Error::invalid(format!(
                "body/{name} must NOT have more than {most} items"
            )));
        }
        let text = |(index, item): (usize, &Value)| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| Error::invalid(format!("body/{name}/{index} must be string")))
        };
        items.iter().enumerate().map(text).collect()
    }

    /// An object within.
    pub(crate) fn optional_object(&self, name: &str) -> Result<Self, Error> {
        match self.given(name) {
            None => Ok(Self::default()),
            Some(Value::Object(members)) => Ok(Self(members.clone())),
            Some(_) => Err(Error::invalid(format!("body/{name} must be object"))),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of(
        &self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Error> {
        let Some(text) = self.optional_text(name)? else {
            return Ok(None);
        };
        words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(&text))
            .copied()
            .map(Some)
            .ok_or_else(|| {
                Error::invalid(format!(
                    "body/{name} must be equal to one of the allowed values"
                ))
            })
    }
}

/// A number, or a text that is one.
fn integer(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// Refuses a number that is too small, in the words of a JSON schema.
pub(crate) fn at_least(place: &str, name: &str, number: i64, least: i64) -> Result<i64, Error> {
    if number < least {
        Err(Error::invalid(format!("{place}/{name} must be >= {least}")))
    } else {
        Ok(number)
    }
}
