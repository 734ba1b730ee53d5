//! `definitions`: one object schema a relation (REST-OAS-05).

use catalog::{Column, Relation};
use serde_json::{Map, Value, json};
use settings::RestVersion;

use super::Subject;

pub(super) fn definitions(subject: &Subject<'_>) -> Value {
    let definition = |relation: &Relation| {
        let required: Vec<&str> = relation
            .columns
            .iter()
            .filter(|column| !column.nullable)
            .map(|column| column.name.as_str())
            .collect();
        let properties: Map<String, Value> = relation
            .columns
            .iter()
            .map(|column| (column.name.clone(), property(column, relation, subject)))
            .collect();
        let mut object = Map::new();
        if let Some(comment) = &relation.description {
            object.insert("description".to_owned(), comment.as_str().into());
        }
        // Swagger knows no empty list here.
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("properties".to_owned(), Value::Object(properties));
        object.insert("type".to_owned(), "object".into());
        Value::Object(object)
    };
    subject
        .relations
        .iter()
        .map(|relation| (relation.name.name.clone(), definition(relation)))
        .collect::<Map<_, _>>()
        .into()
}

fn property(column: &Column, relation: &Relation, subject: &Subject<'_>) -> Value {
    let base = column.base_type.as_str();
    let mut object = typed(base, subject.version);
    let default = column.default.as_ref();
    if let Some(value) = default.and_then(|default| default_value(base, default.as_str())) {
        object.insert("default".to_owned(), value);
    }
    if !column.enum_values.is_empty() {
        object.insert("enum".to_owned(), json!(column.enum_values));
    }
    if let Some(most) = column.max_length {
        object.insert("maxLength".to_owned(), most.into());
    }
    if let Some(text) = description(column, relation, subject) {
        object.insert("description".to_owned(), text.into());
    }
    Value::Object(object)
}

/// The comment, and the notes that type generators look for.
fn description(column: &Column, relation: &Relation, subject: &Subject<'_>) -> Option<String> {
    let mut notes = Vec::new();
    if relation.primary_key.contains(&column.name) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    // A table rather than a view that shows the same key.
    let key = subject
        .catalog
        .relationships(&relation.name)
        .iter()
        .filter(|r| {
            r.holds_key && matches!(r.columns.as_slice(), [(own, _)] if *own == column.name)
        })
        .min_by_key(|r| r.target_is_view);
    if let Some(key) = key {
        let (table, foreign) = (&key.target.name, &key.columns[0].1);
        notes.push(format!(
            "This is a Foreign Key to `{table}.{foreign}`.<fk table='{table}' column='{foreign}'/>"
        ));
    }
    if notes.is_empty() {
        return column.description.clone();
    }
    let note = format!("Note:\n{}", notes.join("\n"));
    Some(match &column.description {
        Some(comment) => format!("{comment}\n\n{note}"),
        None => note,
    })
}

/// `type`, `format` and, of arrays, `items`.
pub(super) fn typed(name: &str, version: RestVersion) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("format".to_owned(), format(name, version).into());
    if let Some(kind) = kind(name) {
        object.insert("type".to_owned(), kind.into());
    }
    if let Some(element) = name.strip_suffix("[]") {
        let items = kind(element).map_or_else(|| json!({}), |kind| json!({ "type": kind }));
        object.insert("items".to_owned(), items);
    }
    object
}

/// REST-OAS-05: the table of types; JSON may be anything.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    match name {
        "smallint" | "integer" | "bigint" => Some("integer"),
        "numeric" | "real" | "double precision" => Some("number"),
        "boolean" => Some("boolean"),
        "json" | "jsonb" => None,
        _ if name.ends_with("[]") => Some("array"),
        _ => Some("string"),
    }
}

/// REST-VER-05.
pub(super) fn format(name: &str, version: RestVersion) -> &str {
    match (name, version) {
        ("smallint" | "integer", RestVersion::Sixteen) => "int32",
        ("bigint", RestVersion::Sixteen) => "int64",
        _ => name,
    }
}

/// Of strings the constant or the expression; of others what is a constant.
fn default_value(base: &str, expression: &str) -> Option<Value> {
    if kind(base) == Some("string") {
        let constant = expression
            .strip_suffix(base)
            .and_then(|start| start.strip_suffix("::"));
        let text = constant.map_or(expression, |quoted| quoted.trim_matches('\''));
        return Some(text.into());
    }
    serde_json::from_str(expression).ok()
}
