//! The inspection of real databases, held against what is known to be right about them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod inspected;

use insight::{Label, Size, Variant};
use inspected::{assert_codes, inspect, inspect_sql, judge, kinds};
use migrate::inspect::{Confidence, Place, Severity, TableKindOfUse};
use migrate::{Inventory, Name};
use testkit::Postgres;

/// MIG-INS-10, MIG-INS-11, MIG-INS-19, MIG-LEG-02: every reference of the clean application is found, no other is
/// selected, and nobody is asked anything.
#[tokio::test]
async fn the_clean_application_is_understood_without_a_question() {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, Variant::A, Size::S, 1, &mut |_, _| ())
        .await
        .unwrap();
    let found = inspect(&client).await;
    assert!(found.clear_winner);
    let mut labels = insight::application_labels(Variant::A);
    // The labels name columns; its documents hold ids too.
    labels.extend(
        insight::application_labels(Variant::B)
            .into_iter()
            .filter(|label| label.kind == "json"),
    );
    let optional = |label: &Label<'_>| label.kind == "json";
    assert_eq!(judge(&found, &labels, optional), Vec::<String>::new());
    let questions: Vec<_> = found
        .findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Ask)
        .collect();
    assert!(questions.is_empty(), "{questions:#?}");
}

/// MIG-LEG-02 at its true size: 20 000 users, 2 million conversations, with the default limits on every probe.
#[tokio::test]
#[ignore = "writes a gigabyte"]
async fn the_clean_application_is_understood_at_its_true_size() {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, Variant::A, Size::M, 1, &mut |_, _| ())
        .await
        .unwrap();
    let found = inspected::inspect_in_time(&client).await;
    let mut labels = insight::application_labels(Variant::A);
    labels.extend(
        insight::application_labels(Variant::B)
            .into_iter()
            .filter(|label| label.kind == "json"),
    );
    assert_eq!(
        judge(&found, &labels, |label| label.kind == "json"),
        Vec::<String>::new()
    );
    let questions = found
        .findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Ask);
    assert_eq!(
        questions.collect::<Vec<_>>(),
        Vec::<&migrate::inspect::Finding>::new()
    );
    let whole = found
        .references
        .iter()
        .filter(|one| one.confidence <= Confidence::Likely);
    assert!(
        whole
            .filter(|one| matches!(one.place, Place::Column { .. }))
            .all(|one| one.exact)
    );
}

/// MIG-LEG-03: inspection of the drifted application lists every planted problem.
#[tokio::test]
async fn every_planted_problem_of_the_drifted_application_is_listed() {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, Variant::B, Size::S, 1, &mut |_, _| ())
        .await
        .unwrap();
    let found = inspect(&client).await;
    assert!(found.clear_winner);
    let labels = insight::application_labels(Variant::B);
    assert_eq!(judge(&found, &labels, |_| false), Vec::<String>::new());
    assert_codes(
        &found,
        &[
            "MIG-U-CASE-DUP",
            "MIG-U-EMAIL-TRIM",
            "MIG-U-EMAIL-LONG",
            "MIG-U-EMAIL-NULL",
            "MIG-U-HASH-NONE",
            "MIG-U-HASH-MALFORMED",
            "MIG-U-HASH-TRIM",
            "MIG-U-HASH-LEGACY",
            "MIG-U-ACTIVE-NULL",
            "MIG-U-ROLE-UNKNOWN",
            "MIG-R-ORPHAN",
            "MIG-R-SENTINEL",
            "MIG-R-MIXED",
            "MIG-M-INVENTED",
            "MIG-M-COLLISION",
            "MIG-R-JSON",
            "MIG-R-TEXT-JSON",
            "MIG-R-UNDECLARED",
            "MIG-D-VIEW",
            "MIG-D-MATVIEW",
            "MIG-D-FUNCTION",
            "MIG-D-TRIGGER",
        ],
    );
    let mapping = Name::new("public", "user_id_mapping");
    let sort = found
        .tables
        .iter()
        .find(|one| one.table == mapping)
        .unwrap();
    assert_eq!(sort.sort, TableKindOfUse::Bookkeeping);
    // MIG-INS-21: named as a bookkeeping table, and the application's all the same.
    let status = Name::new("public", "migration_status");
    let sort = found.tables.iter().find(|one| one.table == status).unwrap();
    assert_eq!(sort.sort, TableKindOfUse::Application);
}

/// MIG-PWD-09, MIG-INS: what was read leaves as classes and counts only.
#[tokio::test]
async fn no_address_and_no_hash_is_in_what_was_found() {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    insight::generate(&mut client, Variant::B, Size::S, 1, &mut |_, _| ())
        .await
        .unwrap();
    let found = inspect(&client).await;
    let text = serde_json::to_string(&found).unwrap();
    let inventory = Inventory::read(&client).await.unwrap();
    let summary = migrate::inspect::Summary::of(&found, &inventory);
    let text = text + &summary.text() + &summary.markdown() + &summary.json().to_string();
    let values = client
        .query("select email, password_hash from public.users", &[])
        .await
        .unwrap();
    for row in values {
        for value in [row.get::<_, &str>(0), row.get(1)] {
            assert!(value.len() < 4 || !text.contains(value.trim()), "{value}");
        }
    }
}

/// MIG-NST, MIG-INS-19: the labelled nasty schemas, each of them.
#[tokio::test]
async fn the_nasty_schemas_are_understood() {
    let mut wrong = Vec::new();
    for (name, sql) in insight::nasty() {
        if *name == TWO_TABLES {
            continue;
        }
        let found = inspect_sql(sql).await;
        let faults = judge(&found, &insight::labels(sql), |_| false);
        wrong.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const TWO_TABLES: &str = "26_two_user_tables";

/// MIG-INS-04, MIG-NST 26: each of two tables of users has its own references; a column that may belong to either
/// is a question, never a guess.
#[tokio::test]
async fn two_tables_of_users_have_references_of_their_own() {
    let (_, sql) = insight::nasty()
        .iter()
        .find(|(name, _)| *name == TWO_TABLES)
        .unwrap();
    assert!(!inspect_sql(sql).await.clear_winner);
    for (table, sure, open) in [
        (
            "customers",
            &["tickets.customer_id", "calls.customer_id"][..],
            "calls.handled_by",
        ),
        (
            "staff",
            &["shifts.staff_id", "tickets.agent_id"][..],
            "calls.handled_by",
        ),
    ] {
        let found = inspected::inspect_sql_with(sql, Some(Name::new("public", table))).await;
        let at = |confidences: &[Confidence]| {
            let those = found
                .references
                .iter()
                .filter(|one| confidences.contains(&one.confidence));
            let mut names: Vec<String> = those
                .map(|one| format!("{}.{}", one.table.name, one.place))
                .collect();
            names.sort();
            names
        };
        let mut sure: Vec<String> = sure.iter().map(ToString::to_string).collect();
        sure.sort();
        assert_eq!(
            at(&[Confidence::Certain, Confidence::Likely]),
            sure,
            "{table}"
        );
        assert_eq!(at(&[Confidence::Possible]), [open], "{table}");
    }
}

/// MIG-INS-02: the columns of a users table, by name and type, in another language.
#[tokio::test]
async fn the_columns_of_a_user_are_recognized() {
    let boutique = insight::nasty()
        .iter()
        .find(|(name, _)| *name == "33_boutique");
    let found = inspect_sql(boutique.unwrap().1).await;
    let columns = &found.users[0].columns;
    assert!(columns.email.is_some());
    assert!(columns.password.is_some());
    assert_eq!(found.users[0].table, Name::new("public", "utilisateurs"));
}

/// A users table may be named; what is named wins over what looks better.
#[tokio::test]
async fn a_named_users_table_is_taken() {
    let found = inspected::inspect_sql_with(
        "create table public.users (id serial primary key, email text unique, password_hash text);
         create table public.staff (id serial primary key, email text unique, password_hash text);",
        Some(Name::new("public", "staff")),
    )
    .await;
    assert!(found.clear_winner);
    assert_eq!(found.users[0].table, Name::new("public", "staff"));
}

/// MIG-INS-01: two tables of users are a question; none blocks.
#[tokio::test]
async fn two_tables_of_users_are_a_question_and_none_blocks() {
    let two = inspect_sql(
        "create table public.customers (id serial primary key, email text unique, password_hash text);
         create table public.staff (id serial primary key, email text unique, password_hash text);",
    )
    .await;
    assert!(!two.clear_winner);
    assert_codes(&two, &["MIG-U-TABLE"]);
    let none = inspect_sql("create table public.planets (id serial primary key, name text);").await;
    assert!(none.users.is_empty());
    assert_eq!(none.findings[0].severity, Severity::Block);
}

/// One slow or failing probe costs neither the transaction nor the inspection.
#[tokio::test]
async fn a_slow_probe_only_lowers_the_confidence() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client
        .batch_execute(
            "create table public.users (id serial primary key, email text unique, password_hash text);
             create table public.notes (id serial primary key, user_id integer);
             insert into public.users (email) select n || '@x.org' from generate_series(1, 1000) as n;
             insert into public.notes (user_id) select 1 + n % 1000 from generate_series(1, 200000) as n;",
        )
        .await
        .unwrap();
    let inventory = Inventory::read(&client).await.unwrap();
    inspected::begin(&client).await;
    let options = migrate::inspect::Options {
        probe_timeout: std::time::Duration::from_millis(1),
        ..Default::default()
    };
    let found = migrate::inspect::inspect(&client, &inventory, &options)
        .await
        .unwrap();
    let notes = found
        .references
        .iter()
        .find(|one| one.place.column() == "user_id")
        .unwrap();
    assert!(!notes.exact);
    assert!(notes.confidence <= Confidence::Possible);
    let row = client
        .query_one("select count(*) from public.notes", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 200_000);
}

/// MIG-INS-16, MIG-INS-13, MIG-INS-17: schemas of frameworks.
#[tokio::test]
async fn the_schemas_of_frameworks_are_understood() {
    let mut wrong = Vec::new();
    for (name, sql) in inspected::FRAMEWORKS {
        let found = inspect_sql(sql).await;
        let faults = judge(&found, &insight::labels(sql), |_| false);
        wrong.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
        for (table, sort) in kinds(sql) {
            let is = found
                .tables
                .iter()
                .find(|one| one.table.name == table)
                .unwrap();
            if format!("{:?}", is.sort) != sort {
                wrong.push(format!("{name}: {table} is taken for {:?}", is.sort));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// MIG-INS-05: classes are counted row by row, mixed columns included.
#[tokio::test]
async fn the_classes_of_a_mixed_column_are_counted() {
    let sql = insight::nasty()
        .iter()
        .find(|(name, _)| *name == "08_mixed_hashes")
        .unwrap()
        .1;
    let found = inspect_sql(sql).await;
    let people = found.people.unwrap();
    assert_eq!(people.password_classes.values().sum::<u64>(), people.rows);
    assert!(
        people.password_classes.len() >= 4,
        "{:?}",
        people.password_classes
    );
    assert!(
        !people.password_classes.contains_key("unknown"),
        "{:?}",
        people.password_classes
    );
}
