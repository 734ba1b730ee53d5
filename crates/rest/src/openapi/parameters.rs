//! `parameters`: what requests may say, to be referred to (REST-OAS-06).

use serde_json::{Map, Value, json};

use super::Subject;

pub(super) fn parameters(subject: &Subject<'_>) -> Value {
    let header = |name: &str, description: &str, words: &[&str]| {
        let mut object = json!({
            "name": name, "description": description, "required": false, "in": "header", "type": "string",
        });
        if !words.is_empty() {
            object["enum"] = json!(words);
        }
        object
    };
    let query = |name: &str, description: &str| {
        json!({
            "name": name, "description": description, "required": false, "in": "query", "type": "string",
        })
    };
    let window = "Limiting and Pagination";
    let mut range_unit = header("Range-Unit", window, &[]);
    range_unit["default"] = "items".into();
    let fixed = [
        ("preferParams", header("Prefer", "Preference", &[])),
        (
            "preferReturn",
            header(
                "Prefer",
                "Preference",
                &["return=representation", "return=minimal", "return=none"],
            ),
        ),
        (
            "preferCount",
            header("Prefer", "Preference", &["count=none"]),
        ),
        (
            "preferPost",
            header(
                "Prefer",
                "Preference",
                &[
                    "return=representation",
                    "return=minimal",
                    "return=none",
                    "resolution=ignore-duplicates",
                    "resolution=merge-duplicates",
                ],
            ),
        ),
        ("select", query("select", "Filtering Columns")),
        ("on_conflict", query("on_conflict", "On Conflict")),
        ("order", query("order", "Ordering")),
        ("range", header("Range", window, &[])),
        ("rangeUnit", range_unit),
        ("offset", query("offset", window)),
        ("limit", query("limit", window)),
    ];
    let mut all: Map<String, Value> = fixed
        .into_iter()
        .map(|(name, parameter)| (name.to_owned(), parameter))
        .collect();
    for relation in &subject.relations {
        let name = &relation.name.name;
        let mut body = json!({
            "name": name, "required": false, "in": "body",
            "schema": { "$ref": format!("#/definitions/{}", escaped(name)) },
        });
        if let Some(comment) = &relation.description {
            body["description"] = comment.as_str().into();
        }
        all.insert(format!("body.{name}"), body);
        for column in &relation.columns {
            let mut filter = json!({
                "name": column.name, "required": false, "in": "query", "type": "string",
            });
            if let Some(comment) = &column.description {
                filter["description"] = comment.as_str().into();
            }
            all.insert(format!("rowFilter.{name}.{}", column.name), filter);
        }
    }
    Value::Object(all)
}

/// A reference to a parameter.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/parameters/{}", escaped(name)) })
}

/// A name inside a JSON pointer inside a URI.
pub(super) fn escaped(name: &str) -> String {
    const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    let pointer = name.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&pointer, PLAIN).to_string()
}
