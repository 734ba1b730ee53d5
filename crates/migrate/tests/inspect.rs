//! The inspection of real databases, held against what is known to be right about them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod inspected;

use insight::{Label, Size, Variant};
use inspected::{assert_codes, inspect, inspect_sql, judge, kinds};
use migrate::inspect::{
    Confidence, Confirmed, Grade, IdType, Place, Severity, Summary, TableKindOfUse,
};
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
    let summary = Summary::of(&found, &inventory);
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

/// MIG-INS-02, MIG-INS-06: tokens, salts and second credentials are told from the password.
#[tokio::test]
async fn the_columns_of_a_framework_s_user_are_recognized() {
    let devise = inspected::FRAMEWORKS
        .iter()
        .find(|(name, _)| *name == "devise")
        .unwrap()
        .1;
    let found = inspect_sql(devise).await;
    let columns = &found.users[0].columns;
    assert_eq!(columns.email.as_deref(), Some("email"));
    assert_eq!(
        columns.password.as_ref().unwrap().column,
        "encrypted_password"
    );
    assert_eq!(
        columns.email_confirmed,
        Some(Confirmed::Time("confirmed_at".to_owned()))
    );
    assert_eq!(columns.full_name, ["first_name", "last_name"]);
    assert_eq!(columns.last_sign_in.as_deref(), Some("last_sign_in_at"));
    assert_eq!(columns.created_at.as_deref(), Some("created_at"));
    for secret in [
        "reset_password_token",
        "confirmation_token",
        "unlock_token",
        "otp_secret",
    ] {
        assert!(
            columns.sensitive.contains(&secret.to_owned()),
            "{secret}: {:?}",
            columns.sensitive
        );
    }
    let found = inspect_sql(
        "create table public.people (
           key uuid primary key default gen_random_uuid(), \"eMail\" text unique, feed_reader_password text,
           api_key text, geheim text, is_banned boolean, deleted_at timestamptz, tenant_id integer, \"photoUrl\" text);
         insert into public.people (\"eMail\", feed_reader_password, api_key, geheim)
         select n || '@x.org', md5(n::text), md5(n::text), '$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
         from generate_series(1, 20) as n;",
    )
    .await;
    let columns = &found.users[0].columns;
    assert_eq!(columns.id_type, IdType::Uuid);
    assert_eq!(columns.email.as_deref(), Some("eMail"));
    // Told by its values: nothing in the name says what it is.
    assert_eq!(columns.password.as_ref().unwrap().column, "geheim");
    assert_eq!(columns.sensitive, ["feed_reader_password", "api_key"]);
    assert!(columns.active.as_ref().unwrap().inverted);
    assert_eq!(columns.tenant.as_deref(), Some("tenant_id"));
    assert_eq!(columns.avatar.as_deref(), Some("photoUrl"));
}

/// MIG-INS-04: credentials in a table beside the users.
#[tokio::test]
async fn a_password_in_a_table_beside_the_users_is_found() {
    let (_, sql) = insight::nasty()
        .iter()
        .find(|(name, _)| *name == "07_side_credentials")
        .unwrap();
    let found = inspect_sql(sql).await;
    let password = found.users[0].columns.password.as_ref().unwrap();
    assert_eq!(password.table, Name::new("public", "local_user"));
    assert_eq!(password.user_key, "person_id");
    let people = found.people.unwrap();
    assert!(
        people
            .password_classes
            .keys()
            .any(|class| class.starts_with("bcrypt"))
    );
}

/// MIG-DUP-01, MIG-DUP-02: each class of address has a code, its users are listed by their ids.
#[tokio::test]
async fn odd_addresses_are_counted_and_listed_by_id() {
    let found = inspect_sql(
        "create table public.users (id integer primary key, email text, password_hash text);
         insert into public.users (id, email) values
           (1, 'ada@x.org'), (2, 'ADA@x.org'), (3, 'bob@x.org'), (4, 'bob@x.org'), (5, E'eve@x.org\\u200b'),
           (6, null), (7, 'nobody'), (8, E'a@x.org\\nBcc: b@x.org'), (9, 'eva@bücher.example'), (10, 'zoë@x.org'),
           (11, 'info@x.org'), (12, repeat('l', 300) || '@x.org');",
    )
    .await;
    let ids = |code: &str| {
        let finding = found.findings.iter().find(|finding| finding.code == code);
        finding.unwrap_or_else(|| panic!("{code}")).ids.clone()
    };
    assert_eq!(ids("MIG-U-CASE-DUP"), ["1", "2"]);
    assert_eq!(ids("MIG-U-EXACT-DUP"), ["3", "4"]);
    assert_eq!(ids("MIG-U-EMAIL-TRIM"), ["5"]);
    assert_eq!(ids("MIG-U-EMAIL-NULL"), ["6"]);
    assert_eq!(ids("MIG-U-EMAIL-INVALID"), ["7", "10"]);
    assert_eq!(ids("MIG-U-EMAIL-CONTROL"), ["8"]);
    assert_eq!(ids("MIG-U-EMAIL-IDN"), ["9"]);
    assert_eq!(ids("MIG-U-EMAIL-ROLE"), ["11"]);
    assert_eq!(ids("MIG-U-EMAIL-LONG"), ["12"]);
    assert_eq!(ids("MIG-U-HASH-NONE").len(), 12);
    assert_eq!(found.people.unwrap().good_addresses, 3);
}

/// MIG-NST 22: bytes of no encoding, and collations that know no patterns, are no reason to stop.
#[tokio::test]
async fn text_of_any_encoding_and_collation_is_read() {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    let create = "create database raw_bytes template template0 encoding 'SQL_ASCII' locale 'C'";
    client.batch_execute(create).await.unwrap();
    let raw = Postgres::shared().clone_of("raw_bytes").await;
    let client = raw.connect().await;
    client
        .batch_execute(
            r"create table public.users (id serial primary key, email text, password_hash text, role text);
              create table public.notes (id serial primary key, author_id integer, body text, kind_type text, kind_id integer);
              insert into public.users (email, password_hash, role) values
                (E'ren\xe9@x.org', E'\xff\xfe', E'\xe9'), ('ada@x.org', 'x', 'user');
              insert into public.notes (author_id, body, kind_type, kind_id) values (1, E'{\xe9', E'\xe9', 1), (2, '{}', 'User', 2);",
        )
        .await
        .unwrap();
    // PostgreSQL itself refuses to hand such bytes over as UTF-8.
    let found = inspect(&client).await;
    assert_codes(&found, &["MIG-U-UNREAD"]);
    let author = found
        .references
        .iter()
        .find(|one| one.place.column() == "author_id")
        .unwrap();
    assert_eq!(
        (author.confidence, author.distinct),
        (Confidence::Likely, 2)
    );
    let found = inspect_sql(
        r"create collation public.folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
           create table public.users (id text collate public.folded primary key, email text collate public.folded unique,
             password_hash text collate public.folded);
           create table public.notes (id serial primary key, user_id text collate public.folded);
           insert into public.users (id, email) values ('a1', 'ada@x.org'), ('b2', 'bob@x.org'), ('c3', 'c@x.org'),
             ('d4', 'd@x.org'), ('e5', 'e@x.org');
           insert into public.notes (user_id) select id from public.users;",
    )
    .await;
    let note = found
        .references
        .iter()
        .find(|one| one.table.name == "notes")
        .unwrap();
    assert_eq!(
        (note.confidence, note.distinct, note.orphans),
        (Confidence::Likely, 5, 0)
    );
}

/// MIG-INS-11 (e): what a view compares with the users' key is evidence, whatever the column is called.
#[tokio::test]
async fn a_view_s_join_is_evidence() {
    let found = inspect_sql(
        "create table public.users (id serial primary key, email text unique, password_hash text);
         create table public.things (id serial primary key, p_ref integer, q_ref integer);
         insert into public.users (email) select n || '@x.org' from generate_series(1, 40) as n;
         insert into public.things (p_ref, q_ref) select 1 + n % 40, 1 + n % 40 from generate_series(1, 90) as n;
         create view public.v as select t.id, u.email from public.things t left join public.users u on u.id = t.p_ref;",
    )
    .await;
    let of = |column: &str| {
        found
            .references
            .iter()
            .find(|one| one.place.column() == column)
            .unwrap()
    };
    assert!(of("p_ref").confidence < of("q_ref").confidence);
    assert_eq!(of("q_ref").confidence, Confidence::Unlikely);
}

/// MIG-INS-16: owners of another kind only are nobody's ids, however they are called.
#[tokio::test]
async fn owners_that_are_never_users_are_left_alone() {
    let found = inspect_sql(
        "create table public.users (id serial primary key, email text unique, password_hash text);
         create table public.organizations (id serial primary key);
         create table public.projects (id serial primary key, owner_type text, owner_id integer);
         create table public.visits (id serial primary key, user_type text, user_id integer);
         insert into public.users (email) select n || '@x.org' from generate_series(1, 40) as n;
         insert into public.projects (owner_type, owner_id) select 'Organization', n from generate_series(1, 30) as n;
         insert into public.visits (user_type, user_id) select 'customer', n from generate_series(1, 30) as n;",
    )
    .await;
    let of = |table: &str| {
        found
            .references
            .iter()
            .find(|one| one.table.name == table)
            .unwrap()
    };
    assert_eq!(of("projects").confidence, Confidence::Unlikely);
    assert_eq!(of("visits").confidence, Confidence::Likely);
}

/// MIG-INS-22: one page, with a grade and its reasons.
#[tokio::test]
async fn the_summary_says_how_hard_the_move_is() {
    for (variant, grade) in [(Variant::A, Grade::A), (Variant::B, Grade::E)] {
        let database = Postgres::shared().database().await;
        let mut client = database.connect().await;
        insight::generate(&mut client, variant, Size::S, 1, &mut |_, _| ())
            .await
            .unwrap();
        let found = inspect(&client).await;
        let inventory = Inventory::read(&client).await.unwrap();
        let summary = Summary::of(&found, &inventory);
        assert_eq!(summary.grade, grade, "{}", summary.text());
        for page in [summary.text(), summary.markdown()] {
            for part in [
                "public.users",
                "Passwords",
                "public.reports.user_id",
                "Largest tables",
                "Estimated time",
            ] {
                assert!(page.contains(part), "{part} is missing from\n{page}");
            }
        }
        assert_eq!(summary.json()["grade"], format!("{grade:?}"));
    }
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
