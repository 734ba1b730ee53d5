//! MIGRATION.md: what changed for the people and programs that used the old database, and how to look up an old id.

use std::fmt::Write as _;

use super::remark;
use crate::Plan;
use crate::plan::{Decision, TableAction};

/// The page, from the plan alone: the same plan gives the same bytes.
pub(super) fn page(plan: &Plan, api_url: &str) -> String {
    let digest = plan.digest();
    let mut text = format!(
        "# The move of {}\n\nWritten by `passerelle migrate emit` from the plan `{}` of run `{}`.\n\n\
         The API is at <{api_url}>. People sign in there with their old passwords; nobody needs a new account.\n\n\
         ## What changed\n\n\
         Ids of users are UUIDs. Ids of everything else are what they were.\n\n\
         | where | before | now |\n| --- | --- | --- |\n",
        cell(&plan.source.database),
        &digest[..12],
        plan.run
    );
    let users = &plan.users;
    let _ = writeln!(
        text,
        "| `{}.{}` | `{}` | `uuid` |",
        cell(&users.table),
        cell(&users.id),
        cell(&users.id_type)
    );
    let references = plan.references.iter();
    for it in references.filter(|it| it.decision == Decision::Include) {
        let kind = serde_json::to_value(it.kind).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}.{}` | {} | UUID |",
            cell(&it.table),
            cell(&it.column),
            kind.as_str().unwrap_or_default()
        );
    }
    text.push_str(
        "\n## Who may see and change what\n\n| table | access | live |\n| --- | --- | --- |\n",
    );
    for table in plan.made_tables() {
        let live = if table.realtime { "yes" } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | {} | {live} |",
            cell(&table.name),
            table.access.name()
        );
    }
    let left: Vec<String> = plan
        .tables
        .iter()
        .filter(|table| table.action != TableAction::Copy)
        .map(|table| format!("`{}`", cell(&table.name)))
        .collect();
    if !left.is_empty() {
        let _ = write!(
            text,
            "\nTheir rows did not come along: {}.\n",
            left.join(", ")
        );
    }
    if !users.credentials.is_empty() {
        let _ = write!(
            text,
            "\nNo role of the API may read what was in these columns of `{}`: {}.\n",
            cell(&users.table),
            users.credentials.join(", ")
        );
    }
    text.push_str(include_str!("templates/guide.md"));
    text
}

/// A name in a cell of a table.
fn cell(name: &impl std::fmt::Display) -> String {
    remark(name).replace('|', "\\|")
}
