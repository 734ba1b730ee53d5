//! The description of the API: a Swagger 2.0 document of one schema, made from the catalog.
//!
//! What the request's role may see is PostgreSQL's to say (`sql/accessible.sql`); everything else is known.

mod definitions;
mod parameters;
mod paths;

use std::collections::HashSet;
use std::sync::Arc;

use catalog::{Catalog, Function, Relation};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use settings::RestVersion;

use crate::config::Config;

/// Oids of what the role has a right to.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Accessible {
    relations: HashSet<u32>,
    functions: HashSet<u32>,
}

/// Scheme, host and base path under which the API is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Server {
    /// Where the request was sent, as the gateway knows it or as the client says.
    pub(crate) fn asked_at(parts: &Parts) -> Self {
        if let Some(peer) = parts.extensions.get::<web::Peer>() {
            return Self {
                scheme: peer.scheme.clone(),
                host: peer.host.clone(),
                path: if peer.prefix.is_empty() {
                    "/".to_owned()
                } else {
                    peer.prefix.to_owned()
                },
            };
        }
        let host = parts.headers.get(http::header::HOST);
        Self {
            scheme: "http".to_owned(),
            host: host
                .and_then(|host| host.to_str().ok())
                .unwrap_or("0.0.0.0:3000")
                .to_owned(),
            path: "/".to_owned(),
        }
    }

    /// REST-OAS-04: out of a URI; its port stands there, even the scheme's own.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() || !matches!(scheme, "http" | "https") {
            return None;
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let port = if scheme == "https" { 443 } else { 80 };
        Some(Self {
            scheme: scheme.to_owned(),
            host: if has_port {
                host.to_owned()
            } else {
                format!("{host}:{port}")
            },
            path: format!("/{}", path.trim_end_matches('/')),
        })
    }
}

/// What is described.
struct Subject<'c> {
    catalog: &'c Catalog,
    relations: Vec<&'c Arc<Relation>>,
    functions: Vec<&'c Arc<Function>>,
    version: RestVersion,
}

/// The document. `accessible` narrows it; `None` shows everything.
pub(crate) fn document(
    catalog: &Catalog,
    schema: &str,
    accessible: Option<&Accessible>,
    server: &Server,
    config: &Config,
) -> Value {
    let mut relations: Vec<_> = catalog
        .relations_in(schema)
        .filter(|relation| accessible.is_none_or(|seen| seen.relations.contains(&relation.oid)))
        .collect();
    relations.sort_by(|a, b| a.name.cmp(&b.name));
    let mut functions: Vec<_> = catalog
        .functions_in(schema)
        .filter(|function| function.is_named() || function.single_unnamed().is_some())
        .filter(|function| accessible.is_none_or(|seen| seen.functions.contains(&function.oid)))
        .collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    // Overloads share a path; the first one stands for all.
    functions.dedup_by(|later, first| later.name == first.name);
    let subject = Subject {
        catalog,
        relations,
        functions,
        version: config.version,
    };
    let mut document = Map::new();
    let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
    set("swagger", "2.0".into());
    set("info", info(catalog, schema));
    set("host", server.host.as_str().into());
    set("basePath", server.path.as_str().into());
    set("schemes", json!([server.scheme]));
    set("consumes", json!(MEDIA));
    set("produces", json!(MEDIA));
    set("paths", paths::paths(&subject));
    set("definitions", definitions::definitions(&subject));
    set("parameters", parameters::parameters(&subject));
    if config.openapi.security {
        set(
            "securityDefinitions",
            json!({ "JWT": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "Add the token prepending \"Bearer \" (without quotes) to it",
            } }),
        );
        set("security", json!([{ "JWT": [] }]));
    }
    set(
        "externalDocs",
        json!({
            "description": "PostgREST Documentation",
            "url": "https://docs.postgrest.org/en/stable/references/api.html",
        }),
    );
    Value::Object(document)
}

/// REST-OAS-04.
const MEDIA: [&str; 4] = [
    "application/json",
    "application/vnd.pgrst.object+json;nulls=stripped",
    "application/vnd.pgrst.object+json",
    "text/csv",
];

fn info(catalog: &Catalog, schema: &str) -> Value {
    let comment = catalog
        .schemas()
        .iter()
        .find(|known| known.name == schema)
        .and_then(|known| known.description.as_deref());
    let (title, description) = comment.map_or((None, None), first_line_and_rest);
    json!({
        "title": title.unwrap_or("PostgREST API"),
        "description": description.unwrap_or("This is a dynamic API generated by PostgREST"),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The first line of a comment, and what follows it.
fn first_line_and_rest(comment: &str) -> (Option<&str>, Option<&str>) {
    let (first, rest) = comment.split_once('\n').unwrap_or((comment, ""));
    (
        Some(first).filter(|text| !text.is_empty()),
        Some(rest.trim_start_matches('\n')).filter(|text| !text.is_empty()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // REST-OAS-04
    #[test]
    fn a_server_is_read_out_of_its_uri() {
        let check = |uri: &str, expected: Option<(&str, &str, &str)>| {
            let found = Server::parse(uri);
            let found = found
                .as_ref()
                .map(|s| (s.scheme.as_str(), s.host.as_str(), s.path.as_str()));
            assert_eq!(found, expected, "{uri}");
        };
        check(
            "https://x.org/rest/v1/",
            Some(("https", "x.org:443", "/rest/v1")),
        );
        check("http://x.org", Some(("http", "x.org:80", "/")));
        check("http://[::1]:54321/", Some(("http", "[::1]:54321", "/")));
        check("ftp://x.org", None);
        check("x.org", None);
    }
}
