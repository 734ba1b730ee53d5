//! `cases/equals.toml`: filters whose rows must be those of a condition written by hand.

use serde::Deserialize;

use crate::server::Server;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    relation: Vec<Relation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Relation {
    name: String,
    key: String,
    /// A parameter, and the condition in SQL.
    filters: Vec<(String, String)>,
}

/// The ways to ask one filter: the parameter, and the condition that it is then.
fn ways(filter: &str, condition: &str, key: &str) -> [(String, String); 5] {
    let (field, operation) = filter.split_once('=').unwrap();
    let member = format!("{field}.{}", quoted(operation));
    let negated = format!("not ({condition})");
    [
        (filter.to_owned(), condition.to_owned()),
        (format!("{field}=not.{operation}"), negated.clone()),
        (
            format!("and=({member},{key}.not.is.null)"),
            condition.to_owned(),
        ),
        (
            format!("or=(and({member},{member}),{key}.is.null)"),
            condition.to_owned(),
        ),
        (format!("not.or=({member},{member})"), negated),
    ]
}

/// REST-LOG-05: inside a group a value with reserved characters is quoted; a list has quotes of its own.
fn quoted(operation: &str) -> String {
    let (operator, value) = operation.split_once('.').unwrap();
    if operator == "in" || !value.contains([',', '(', ')', '"', '\\']) {
        return operation.to_owned();
    }
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{operator}.\"{value}\"")
}

// REST-FLT-01, REST-FLT-03, REST-LOG-01, REST-LOG-02, REST-LOG-05
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_leaves_the_rows_that_its_sql_leaves() {
    let file: File = toml::from_str(include_str!("../cases/equals.toml")).unwrap();
    let server = Server::start(&["public"]).await;
    let client = server.database.connect().await;
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for relation in &file.relation {
        let (name, key) = (&relation.name, &relation.key);
        for (filter, condition) in &relation.filters {
            for (parameter, condition) in ways(filter, condition, key) {
                let uri = format!("/{name}?select={key}&order={key}&{parameter}");
                let found = server.ask("", "GET", &uri, &[], "").await;
                let sql = format!(
                    "select coalesce(json_agg(t), '[]')::text from
                     (select {key} from public.{name} where {condition} order by {key}) t"
                );
                let row = client.query_one(&sql, &[]).await.unwrap();
                let wanted: serde_json::Value = serde_json::from_str(row.get(0)).unwrap();
                let same = serde_json::from_str(&found.body)
                    .is_ok_and(|found: serde_json::Value| found == wanted);
                if found.status != 200 || !same {
                    wrong.push(format!(
                        "{uri}\n  {} {}\n  wanted {wanted}",
                        found.status, found.body
                    ));
                }
                asked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 400, "only {asked} were asked");
}
