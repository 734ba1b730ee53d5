//! Inspects databases and holds the outcome against labels.

use insight::Label;
use migrate::inspect::{Confidence, Inspection, JsonStep, Options, Place, Reference};
use migrate::{Inventory, Name};
use testkit::Postgres;
use tokio_postgres::Client;

/// Schemas as frameworks make them, labelled like those of `insight`, and with `-- sort: TABLE KIND` lines.
pub(crate) const FRAMEWORKS: [(&str, &str); 13] = [
    ("devise", include_str!("frameworks/devise.sql")),
    ("laravel", include_str!("frameworks/laravel.sql")),
    ("prisma", include_str!("frameworks/prisma.sql")),
    ("django", include_str!("frameworks/django.sql")),
    ("forum", include_str!("frameworks/forum.sql")),
    ("tracker", include_str!("frameworks/tracker.sql")),
    ("forge", include_str!("frameworks/forge.sql")),
    ("helpdesk", include_str!("frameworks/helpdesk.sql")),
    ("chat", include_str!("frameworks/chat.sql")),
    ("blog", include_str!("frameworks/blog.sql")),
    ("school", include_str!("frameworks/school.sql")),
    ("erp", include_str!("frameworks/erp.sql")),
    ("sso", include_str!("frameworks/sso.sql")),
];

/// As a command begins: one view of the source, read only.
pub(crate) async fn begin(client: &Client) {
    let begin = "begin isolation level repeatable read read only";
    client.batch_execute(begin).await.unwrap();
}

pub(crate) async fn inspect(client: &Client) -> Inspection {
    inspect_with(client, None).await
}

async fn inspect_with(client: &Client, users: Option<Name>) -> Inspection {
    let options = Options {
        users,
        // A test machine may be busy; a probe that is cut off would change the outcome.
        probe_timeout: std::time::Duration::from_secs(60),
        ..Options::default()
    };
    inspect_as(client, &options).await
}

/// With the limits that a person gets.
pub(crate) async fn inspect_in_time(client: &Client) -> Inspection {
    inspect_as(client, &Options::default()).await
}

async fn inspect_as(client: &Client, options: &Options) -> Inspection {
    begin(client).await;
    let inventory = Inventory::read(client).await.unwrap();
    let found = migrate::inspect::inspect(client, &inventory, options)
        .await
        .unwrap();
    client.batch_execute("commit").await.unwrap();
    found
}

pub(crate) async fn inspect_sql(sql: &str) -> Inspection {
    inspect_sql_with(sql, None).await
}

pub(crate) async fn inspect_sql_with(sql: &str, users: Option<Name>) -> Inspection {
    let database = Postgres::shared().database().await;
    let client = database.connect().await;
    client.batch_execute(sql).await.unwrap();
    inspect_with(&client, users).await
}

pub(crate) fn assert_codes(found: &Inspection, codes: &[&str]) {
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !found.findings.iter().any(|finding| finding.code == **code))
        .collect();
    assert!(missing.is_empty(), "{missing:?} in {:#?}", found.findings);
}

/// `-- sort: TABLE KIND`
pub(crate) fn kinds(sql: &str) -> Vec<(&str, &str)> {
    sql.lines()
        .filter_map(|line| line.strip_prefix("-- sort: ")?.split_once(' '))
        .collect()
}

/// What is wrong with an inspection: labels that were missed, and references that nobody labelled.
pub(crate) fn judge(
    found: &Inspection,
    labels: &[Label<'_>],
    optional: impl Fn(&Label<'_>) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expected: Vec<&Reference> = Vec::new();
    let everything_declared = labels.iter().any(|label| label.kind == "declared-count");
    for label in labels {
        let matching = found
            .references
            .iter()
            .filter(|one| is_meant(one, label))
            .collect::<Vec<_>>();
        let good = match label.kind {
            "users" => found.users.first().is_some_and(|best| {
                column_name(&best.table, &best.columns.id) == canonical(label.target)
            }),
            "declared-count" => {
                let declared = found.references.iter().filter(|one| one.declared.is_some());
                declared.count().to_string() == label.target
            }
            "declared" | "composite" | "chain" => matching.iter().any(|one| one.declared.is_some()),
            "by-name" => matching
                .iter()
                .any(|one| one.target_column != found.users[0].columns.id),
            "undeclared" | "mixed" | "array" | "json" | "polymorphic" => matching
                .iter()
                .any(|one| one.confidence == Confidence::Likely && one.declared.is_none()),
            "never" | "token" => !matching
                .iter()
                .any(|one| one.confidence < Confidence::Unlikely),
            // Stays as it is: found or not.
            "uuid" | "credential" => true,
            other => panic!("no such label: {other}"),
        };
        // MIG-INS-15: not converted, and said so.
        let said =
            label.kind != "token" || found.findings.iter().any(|one| one.code == "MIG-R-TEXT");
        let fine = optional(label) || good && said;
        if !fine {
            faults.push(format!("{} {}: {matching:#?}", label.kind, label.target));
        }
        expected.extend(matching);
    }
    for reference in &found.references {
        let selected = reference.confidence < Confidence::Unlikely;
        let labelled = expected.iter().any(|one| std::ptr::eq(*one, reference));
        // A child's inherited columns are its own; the labels stop at its parent.
        let grandchild = reference.table == Name::new("public", "panoramas");
        let declared = everything_declared && reference.declared.is_some();
        let excused = labelled || grandchild || declared;
        if selected && !excused {
            faults.push(format!(
                "nobody labelled {}: {reference:#?}",
                reference.name()
            ));
        }
    }
    faults
}

fn is_meant(reference: &Reference, label: &Label<'_>) -> bool {
    let column = column_name(&reference.table, reference.place.column());
    match label.kind {
        "json" => {
            let Place::Json { path, .. } = &reference.place else {
                return false;
            };
            let mut text = column;
            for step in path {
                match step {
                    JsonStep::Key(key) => text.extend([" -> ", key]),
                    JsonStep::Each => text.push_str("[*]"),
                }
            }
            text == canonical(label.target)
        }
        "polymorphic" => {
            let Place::Polymorphic {
                type_column,
                id_column,
                values,
            } = &reference.place
            else {
                return false;
            };
            let what = column_name(&reference.table, type_column);
            values
                .iter()
                .any(|value| format!("{what} = '{value}', {id_column}") == canonical(label.target))
        }
        "mixed" => {
            matches!(reference.place, Place::MixedText { .. }) && column == canonical(label.target)
        }
        "array" => {
            matches!(reference.place, Place::Array { .. }) && column == canonical(label.target)
        }
        // Selected in any way would be wrong.
        "never" => {
            column == canonical(label.target)
                || format!("{}.{}", reference.table, reference.place).replace(" → ", " -> ")
                    == label.target
        }
        _ => matches!(reference.place, Place::Column { .. }) && column == canonical(label.target),
    }
}

fn column_name(table: &Name, column: &str) -> String {
    format!("{}\u{1}{}\u{1}{column}", table.schema, table.name)
}

/// A target as SQL writes it, without quotes, its parts told apart by something that no name holds.
fn canonical(target: &str) -> String {
    let mut text = String::new();
    let (mut quoted, mut dots) = (false, 0);
    let mut chars = target.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                text.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted && dots < 2 => {
                dots += 1;
                text.push('\u{1}');
            }
            other => text.push(other),
        }
    }
    text
}
