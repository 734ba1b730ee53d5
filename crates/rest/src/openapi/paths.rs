//! `paths`: what can be asked of each relation and function (REST-OAS-07).

use catalog::{Function, Relation, Volatility};
use serde_json::{Map, Value, json};

use super::parameters::{escaped, reference};
use super::{Subject, definitions, first_line_and_rest};
use crate::request::query_string::is_reserved;

pub(super) fn paths(subject: &Subject<'_>) -> Value {
    let mut paths = Map::new();
    paths.insert("/".to_owned(), root());
    for relation in &subject.relations {
        paths.insert(format!("/{}", relation.name.name), of_relation(relation));
    }
    for function in &subject.functions {
        let item = of_function(function, subject);
        paths.insert(format!("/rpc/{}", function.name.name), item);
    }
    Value::Object(paths)
}

fn root() -> Value {
    json!({ "get": {
        "tags": ["Introspection"],
        "summary": "OpenAPI description (this document)",
        "produces": ["application/openapi+json", "application/json"],
        "responses": { "200": { "description": "OK" } },
    } })
}

/// An operation with its tag and the two parts of the comment.
fn operation(tag: &str, comment: Option<&str>, parameters: &[Value], responses: Value) -> Value {
    let (summary, description) = comment.map_or((None, None), first_line_and_rest);
    let mut operation = Map::new();
    operation.insert("tags".to_owned(), json!([tag]));
    if let Some(summary) = summary {
        operation.insert("summary".to_owned(), summary.into());
    }
    if let Some(description) = description {
        operation.insert("description".to_owned(), description.into());
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), json!(parameters));
    }
    operation.insert("responses".to_owned(), responses);
    Value::Object(operation)
}

fn of_relation(relation: &Relation) -> Value {
    let name = &relation.name.name;
    let comment = relation.description.as_deref();
    // A column whose name is a parameter's cannot be filtered by (REST-URL-03).
    let filters = || {
        relation
            .columns
            .iter()
            .filter(|column| !is_reserved(&column.name))
            .map(|column| reference(&format!("rowFilter.{name}.{}", column.name)))
    };
    let named =
        |names: &[&str]| -> Vec<Value> { names.iter().map(|name| reference(name)).collect() };
    let body = reference(&format!("body.{name}"));
    let mut item = Map::new();
    let reading: Vec<Value> = filters()
        .chain(named(&[
            "select",
            "order",
            "range",
            "rangeUnit",
            "offset",
            "limit",
            "preferCount",
        ]))
        .collect();
    let rows = json!({
        "200": {
            "description": "OK",
            "schema": {
                "type": "array",
                "items": { "$ref": format!("#/definitions/{}", escaped(name)) },
            },
        },
        "206": { "description": "Partial Content" },
    });
    item.insert("get".to_owned(), operation(name, comment, &reading, rows));
    if relation.insertable || relation.updatable || relation.deletable {
        let inserting: Vec<Value> = std::iter::once(body.clone())
            .chain(named(&["select", "preferPost"]))
            .collect();
        let updating: Vec<Value> = filters()
            .chain([body])
            .chain(named(&["preferReturn"]))
            .collect();
        let deleting: Vec<Value> = filters().chain(named(&["preferReturn"])).collect();
        let created = json!({ "201": { "description": "Created" } });
        let done = || json!({ "204": { "description": "No Content" } });
        item.insert(
            "post".to_owned(),
            operation(name, comment, &inserting, created),
        );
        item.insert(
            "patch".to_owned(),
            operation(name, comment, &updating, done()),
        );
        item.insert(
            "delete".to_owned(),
            operation(name, comment, &deleting, done()),
        );
    }
    Value::Object(item)
}

fn of_function(function: &Function, subject: &Subject<'_>) -> Value {
    let tag = format!("(rpc) {}", function.name.name);
    let comment = function.description.as_deref();
    let responses = || json!({ "200": { "description": "OK" } });
    let mut item = Map::new();
    if function.volatility != Volatility::Volatile && function.is_named() {
        let arguments: Vec<Value> = function
            .parameters
            .iter()
            .map(|parameter| {
                let name = parameter.type_name.as_str();
                let mut argument = json!({
                    "name": parameter.name, "required": parameter.required, "in": "query",
                });
                // Arrays are written as PostgreSQL's literals, those of a variadic parameter one by one.
                if let Some(element) = name.strip_suffix("[]").filter(|_| parameter.variadic) {
                    let items = definitions::typed(element, subject.version);
                    argument["type"] = "array".into();
                    argument["items"] = Value::Object(items);
                    argument["collectionFormat"] = "multi".into();
                } else {
                    let kind = definitions::kind(name).filter(|kind| *kind != "array");
                    argument["type"] = kind.unwrap_or("string").into();
                    argument["format"] = definitions::format(name, subject.version).into();
                }
                argument
            })
            .collect();
        let mut get = operation(&tag, comment, &arguments, responses());
        get["produces"] = json!(RESULTS);
        item.insert("get".to_owned(), get);
    }
    let body = json!({
        "name": "args", "required": true, "in": "body", "schema": arguments(function, subject),
    });
    let mut post = operation(
        &tag,
        comment,
        &[body, reference("preferParams")],
        responses(),
    );
    post["produces"] = json!(RESULTS);
    item.insert("post".to_owned(), post);
    Value::Object(item)
}

const RESULTS: [&str; 3] = [
    "application/json",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.object+json",
];

/// The body of a call: an object of the parameters, or whatever the only unnamed one takes.
fn arguments(function: &Function, subject: &Subject<'_>) -> Value {
    if let Some(parameter) = function.single_unnamed() {
        return Value::Object(definitions::typed(
            parameter.type_name.as_str(),
            subject.version,
        ));
    }
    let required: Vec<&str> = function
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| parameter.name.as_str())
        .collect();
    let properties: Map<String, Value> = function
        .parameters
        .iter()
        .map(|parameter| {
            let typed = definitions::typed(parameter.type_name.as_str(), subject.version);
            (parameter.name.clone(), Value::Object(typed))
        })
        .collect();
    let mut schema = Map::new();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if let Some(comment) = &function.description {
        schema.insert("description".to_owned(), comment.as_str().into());
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("type".to_owned(), "object".into());
    Value::Object(schema)
}
