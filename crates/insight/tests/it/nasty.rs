//! The nasty schemas load, and their labels are true.

use insight::{Label, Variant, application_labels, labels, nasty};
use testkit::Postgres;
use tokio_postgres::Client;

use crate::small;

/// A new database with one nasty schema in it, and its SQL.
pub(crate) async fn loaded(name: &str) -> (Client, &'static str) {
    let (_, sql) = nasty().iter().find(|(listed, _)| *listed == name).unwrap();
    let client = Postgres::shared().database().await.connect().await;
    let done = client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{name} does not load: {error:?}"));
    (client, sql)
}

/// The column that a label's target begins with, as SQL writes it.
fn column(target: &str) -> &str {
    let end = target.find(" -> ").or_else(|| target.find(" = "));
    &target[..end.unwrap_or(target.len())]
}

/// What is wrong with the labels of the schema in the database.
async fn lies(client: &Client, labels: &[Label<'_>]) -> Vec<String> {
    let users: Vec<&str> = labels
        .iter()
        .filter(|label| label.kind == "users")
        .map(|label| label.target)
        .collect();
    assert!(!users.is_empty(), "a label names the users");
    let mut lies = Vec::new();
    let mut declared = 0;
    for Label { kind, target } in labels {
        match *kind {
            "credential" => continue,
            "declared-count" => {
                declared = target.parse::<i64>().unwrap();
                continue;
            }
            _ => {}
        }
        let row = client
            .query_one(include_str!("column.sql"), &[&column(target), &users])
            .await
            .unwrap();
        let (is_there, has_key): (bool, bool) = (row.get(0), row.get(1));
        if !is_there {
            lies.push(format!("{kind} {target}: there is no such column"));
        } else if (*kind == "declared") != has_key {
            lies.push(format!("{kind} {target}: has a key to users: {has_key}"));
        } else if *kind == "undeclared" && !holds_users(client, target, &users).await {
            lies.push(format!("{kind} {target}: holds few ids of users"));
        }
    }
    if declared == 0 {
        let labelled = labels.iter().filter(|label| label.kind == "declared");
        declared = i64::try_from(labelled.count()).unwrap();
    }
    let keys: i64 = client
        .query_one(include_str!("keys.sql"), &[&users])
        .await
        .unwrap()
        .get(0);
    if keys != declared {
        lies.push(format!(
            "{keys} columns have a key to users, {declared} are labelled"
        ));
    }
    lies
}

/// Whether most of what the column holds are ids of one of the users tables.
async fn holds_users(client: &Client, target: &str, users: &[&str]) -> bool {
    let (table, name) = split(client, target).await;
    for users in users {
        let (of, id) = split(client, users).await;
        let sql = format!(
            "select count({name}) > 0 and
                    count(*) filter (where {name}::text in (select {id}::text from {of})) * 10 >= count({name}) * 8
             from {table}"
        );
        if client.query_one(&sql, &[]).await.unwrap().get(0) {
            return true;
        }
    }
    false
}

/// Table and column of a target.
async fn split(client: &Client, target: &str) -> (String, String) {
    let row = client
        .query_one(include_str!("split.sql"), &[&target])
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

// MIG-NST 1–20, 23–26, 28, MIG-INS-19: small SQL files with data, and labels that say what is right.
#[tokio::test]
async fn every_nasty_schema_loads_and_its_labels_are_true() {
    let mut wrong = Vec::new();
    for (name, _) in nasty() {
        let (client, sql) = loaded(name).await;
        for lie in lies(&client, &labels(sql)).await {
            wrong.push(format!("{name}: {lie}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// MIG-INS-19: the application is a labelled set too.
#[tokio::test]
async fn the_applications_labels_are_true() {
    for variant in [Variant::A, Variant::B] {
        let (client, _) = small(variant, 1).await;
        let wrong = lies(&client, &application_labels(variant)).await;
        assert!(wrong.is_empty(), "variant {variant}: {}", wrong.join("\n"));
    }
}

// The check above can fail: every kind of wrong label is noticed.
#[tokio::test]
async fn wrong_labels_are_noticed() {
    let (client, _) = small(Variant::A, 1).await;
    let wrong = "-- label: users public.users.id\n\
                 -- label: declared public.reports.user_id\n\
                 -- label: undeclared public.user_conversations.user_id\n\
                 -- label: undeclared public.activity_logs.resource_id\n\
                 -- label: never public.reports.absent\n";
    let found = lies(&client, &labels(wrong)).await;
    assert_eq!(
        found,
        [
            "declared public.reports.user_id: has a key to users: false",
            "undeclared public.user_conversations.user_id: has a key to users: true",
            "undeclared public.activity_logs.resource_id: holds few ids of users",
            "never public.reports.absent: there is no such column",
            "6 columns have a key to users, 1 are labelled",
        ]
    );
}

#[test]
fn every_file_of_a_nasty_schema_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/nasty");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    let listed: Vec<String> = nasty()
        .iter()
        .map(|(name, _)| format!("{name}.sql"))
        .collect();
    assert_eq!(files, listed);
}

// MIG-NST-18: no two ids became one on the way in.
#[tokio::test]
async fn extreme_ids_are_stored_exactly() {
    for (name, ids, example) in [
        (
            "18_bigint_ids",
            "select id::text from users",
            "9007199254740993",
        ),
        (
            "18_numeric_ids",
            "select id::text from clients",
            "18446744073709551002",
        ),
        ("18_smallint_ids", "select id::text from staff", "-1"),
        ("18_text_ids", "select code from agents", "007"),
    ] {
        let (client, _) = loaded(name).await;
        let rows = client.query(ids, &[]).await.unwrap();
        let ids: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(ids.iter().any(|id| id == example), "{name}: {ids:?}");
    }
}
