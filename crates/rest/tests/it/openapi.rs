//! The description of the API.

use serde_json::{Value, json};

use crate::server::Server;

async fn server(adjust: impl FnOnce(&mut settings::Rest)) -> Server {
    Server::start_with(|settings| {
        settings.schemas = ["docs", "public", "other"].map(str::to_owned).into();
        adjust(settings);
    })
    .await
}

async fn document(server: &Server) -> Value {
    let answer = server.ask("", "GET", "/", &[], "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Every `$ref` of a document.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

// REST-OAS-01, REST-OAS-04, REST-GEN-01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_describes_the_api() {
    let server = server(|_| {}).await;
    for accept in ["application/openapi+json", "application/json", "*/*"] {
        let answer = server
            .ask(
                "",
                "GET",
                "/",
                &[("accept", accept), ("host", "api.test")],
                "",
            )
            .await;
        assert_eq!(answer.status, 200, "{accept}: {}", answer.body);
        assert_eq!(
            answer.headers["content-type"],
            "application/openapi+json; charset=utf-8"
        );
        assert_eq!(answer.headers["content-profile"], "docs");
        assert!(!answer.headers.contains_key("content-range"));
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(document["swagger"], "2.0");
        assert_eq!(document["info"]["title"], "My API title");
        assert_eq!(
            document["info"]["description"],
            "My API description\nthat spans lines"
        );
        assert_eq!(document["host"], "api.test");
        assert_eq!(document["basePath"], "/");
        assert_eq!(document["schemes"], json!(["http"]));
        assert_eq!(
            document["produces"],
            json!([
                "application/json",
                "application/vnd.pgrst.object+json;nulls=stripped",
                "application/vnd.pgrst.object+json",
                "text/csv"
            ])
        );
        assert_eq!(document["produces"], document["consumes"]);
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            let pointer = percent_encoding::percent_decode_str(pointer)
                .decode_utf8()
                .unwrap();
            assert!(document.pointer(&pointer).is_some(), "{reference}");
        }
    }
    let csv = server
        .ask("", "GET", "/", &[("accept", "text/csv")], "")
        .await;
    assert_eq!(csv.status, 406);
    let head = server.ask("", "HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(!head.headers.contains_key("content-length"));
    assert_eq!(server.ask("", "POST", "/", &[], "{}").await.status, 405);
}

// REST-OAS-02
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_sees_what_it_has_any_right_to() {
    let follows = server(|_| {}).await;
    let shown = document(&follows).await;
    assert_eq!(
        keys(&shown["definitions"]),
        ["authors", "books", "parted", "titles"]
    );
    let paths = keys(&shown["paths"]);
    assert!(paths.contains(&"/rpc/find") && !paths.contains(&"/rpc/hidden"));
    let other = follows.ask("authenticated", "GET", "/", &[], "").await;
    let other: Value = serde_json::from_str(&other.body).unwrap();
    assert_eq!(keys(&other["definitions"]), [] as [&str; 0]);

    let ignores = server(|s| s.openapi_mode = settings::OpenApiMode::IgnorePrivileges).await;
    let shown = document(&ignores).await;
    assert_eq!(
        keys(&shown["definitions"]),
        [
            "all_authors",
            "authors",
            "books",
            "parted",
            "secret",
            "titles"
        ]
    );
    assert!(keys(&shown["paths"]).contains(&"/rpc/hidden"));

    let disabled = server(|s| s.openapi_mode = settings::OpenApiMode::Disabled).await;
    let answer = disabled.ask("", "GET", "/", &[], "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (
            404,
            r#"{"code":"PGRST126","details":null,"hint":null,"message":"Root endpoint metadata is disabled"}"#
        )
    );
}

// REST-OAS-05, REST-OAS-09
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_have_what_type_generators_look_for() {
    let server = server(|_| {}).await;
    let document = document(&server).await;
    let books = &document["definitions"]["books"];
    assert_eq!(
        books,
        &json!({
            "description": "A book\n\nWith a longer story",
            "required": ["id", "title"],
            "type": "object",
            "properties": {
                "id": { "format": "int32", "type": "integer", "description": "Note:\nThis is a Primary Key.<pk/>" },
                "author_id": { "format": "int64", "type": "integer",
                    "description": "Who wrote it\n\nNote:\nThis is a Foreign Key to `authors.id`.<fk table='authors' column='id'/>" },
                "title": { "format": "character varying", "type": "string", "default": "untitled", "maxLength": 80,
                    "description": "What is on the cover" },
                "price": { "format": "numeric", "type": "number", "default": 1.5 },
                "ok": { "format": "boolean", "type": "boolean", "default": true },
                "meta": { "format": "jsonb" },
                "tags": { "format": "text[]", "type": "array", "items": { "type": "string" } },
                "mood": { "format": "docs.mood", "type": "string", "default": "happy", "enum": ["sad", "happy"] },
                "made": { "format": "timestamp with time zone", "type": "string", "default": "now()" },
                "code": { "format": "character varying", "type": "string", "default": "x" },
                "odd, name/x": { "format": "int32", "type": "integer" },
            }
        })
    );
    assert_eq!(
        document["definitions"]["authors"]["required"],
        json!(["id", "name"])
    );
}

// REST-OAS-06, REST-OAS-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_and_parameters_say_what_can_be_asked() {
    let server = server(|_| {}).await;
    let document = document(&server).await;
    let parameters = &document["parameters"];
    assert_eq!(
        parameters["preferReturn"]["enum"],
        json!(["return=representation", "return=minimal", "return=none"])
    );
    assert_eq!(parameters["preferCount"]["enum"], json!(["count=none"]));
    assert_eq!(parameters["rangeUnit"]["default"], "items");
    for name in [
        "preferParams",
        "preferPost",
        "select",
        "on_conflict",
        "order",
        "range",
        "offset",
        "limit",
    ] {
        assert!(parameters[name].is_object(), "{name}");
    }
    assert_eq!(
        parameters["body.books"],
        json!({ "name": "books", "required": false, "in": "body",
            "description": "A book\n\nWith a longer story", "schema": { "$ref": "#/definitions/books" } })
    );
    assert_eq!(
        parameters["rowFilter.books.title"],
        json!({ "name": "title", "required": false, "in": "query", "type": "string", "description": "What is on the cover" })
    );
    let books = &document["paths"]["/books"];
    assert_eq!(keys(books), ["get", "post", "patch", "delete"]);
    assert_eq!(books["get"]["tags"], json!(["books"]));
    assert_eq!(books["get"]["summary"], "A book");
    assert_eq!(books["get"]["description"], "With a longer story");
    assert_eq!(
        books["get"]["responses"]["200"]["schema"],
        json!({ "type": "array", "items": { "$ref": "#/definitions/books" } })
    );
    assert!(books["get"]["responses"]["206"].is_object());
    assert!(books["post"]["responses"]["201"].is_object());
    assert!(books["patch"]["responses"]["204"].is_object());
    assert_eq!(keys(&document["paths"]["/titles"]), ["get"]);
    assert_eq!(
        document["paths"]["/"]["get"]["tags"],
        json!(["Introspection"])
    );

    let find = &document["paths"]["/rpc/find"];
    assert_eq!(find["get"]["tags"], json!(["(rpc) find"]));
    assert_eq!(find["get"]["summary"], "Finds books");
    assert_eq!(
        find["get"]["parameters"],
        json!([
            { "name": "title", "required": true, "in": "query", "type": "string", "format": "text" },
            { "name": "most", "required": false, "in": "query", "type": "integer", "format": "int32" },
            { "name": "tags", "required": false, "in": "query", "type": "array",
              "items": { "format": "text", "type": "string" }, "collectionFormat": "multi" },
        ])
    );
    let body = &find["post"]["parameters"][0];
    assert_eq!(
        (&body["name"], &body["in"]),
        (&json!("args"), &json!("body"))
    );
    assert_eq!(body["schema"]["required"], json!(["title"]));
    assert_eq!(
        body["schema"]["properties"]["most"],
        json!({ "type": "integer", "format": "int32" })
    );
    assert_eq!(keys(&document["paths"]["/rpc/change"]), ["post"]);
}

// REST-OAS-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_may_answer_in_its_stead() {
    let server = server(|s| s.root_spec = Some("custom".to_owned())).await;
    let answer = server
        .ask("", "GET", "/", &[("accept", "application/json")], "")
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"swagger":"2.0","mine":true}"#)
    );
}

// REST-OAS-04, REST-OAS-08, REST-SCH-07, REST-VER-05
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_security_schema_and_version_show() {
    let server = server(|settings| {
        settings.openapi_server_proxy_uri = Some("https://api.test/rest/v1".to_owned());
        settings.openapi_security_active = true;
        settings.version = settings::RestVersion::Fourteen;
    })
    .await;
    let document = document(&server).await;
    assert_eq!(document["host"], "api.test:443");
    assert_eq!(document["basePath"], "/rest/v1");
    assert_eq!(document["schemes"], json!(["https"]));
    assert_eq!(
        document["securityDefinitions"]["JWT"],
        json!({ "type": "apiKey", "name": "Authorization", "in": "header",
            "description": "Add the token prepending \"Bearer \" (without quotes) to it" })
    );
    assert_eq!(document["security"], json!([{ "JWT": [] }]));
    assert_eq!(
        document["definitions"]["books"]["properties"]["id"]["format"],
        "integer"
    );
    let other = server
        .ask("", "GET", "/", &[("accept-profile", "other")], "")
        .await;
    let other: Value = serde_json::from_str(&other.body).unwrap();
    assert_eq!(other["info"]["title"], "PostgREST API");
    assert_eq!(
        other["info"]["description"],
        "This is a dynamic API generated by PostgREST"
    );
    assert_eq!(keys(&other["definitions"]), ["owners", "things"]);
}
