//! What SQL can read of the HTTP request: `request.headers`, `request.cookies`.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

/// JSON object of the headers, lower-case names, without cookies.
pub(crate) fn headers_json(headers: &HeaderMap) -> String {
    let mut object = Map::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != header::COOKIE) {
        object.insert(
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into(),
        );
    }
    Value::Object(object).to_string()
}

/// JSON object of the cookies.
pub(crate) fn cookies_json(headers: &HeaderMap) -> String {
    let mut object = Map::new();
    for value in headers.get_all(header::COOKIE) {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        for (name, value) in text
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
        {
            object.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(object).to_string()
}
