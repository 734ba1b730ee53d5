//! The plan as a commented file.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Pattern, Plan, users};

/// Sections in a fixed order, each with a word on what it is for.
pub(super) fn render(plan: &Plan) -> String {
    #[derive(Serialize)]
    struct Head<'a> {
        format: u32,
        run: &'a uuid::Uuid,
        engine: &'a str,
        topology: &'a str,
        ids: super::IdPolicy,
    }
    let mut out = String::from(
        "# A migration's plan. Read it, answer every line that says \"ask\", keep it under version control.\n\
         # It holds no secret, no hash, no address.\n#   passerelle migrate run --dry-run   shows what would happen\n\
         #   passerelle migrate run             does it\n\n",
    );
    section(
        &mut out,
        &Head {
            format: plan.format,
            run: &plan.run,
            engine: &plan.engine,
            topology: &plan.topology,
            ids: plan.ids,
        },
    );
    out.push_str("\n# The database that is read. A run refuses another one, or one whose tables have changed.\n");
    named(&mut out, "source", &plan.source);
    out.push_str("\n# Who moves, and what each column of the users table means.\n");
    named(&mut out, "users", &plan.users);
    out.push_str("\n# Row security: what holds for every table.\n");
    named(&mut out, "rls", &plan.rls);
    out.push_str("\n# How much may go wrong before the run stops.\n");
    named(&mut out, "limits", &plan.limits);
    if !plan.blockers.is_empty() {
        out.push_str("\n# What stands in the way. Read about it in the report of inspect, then say accept.\n");
        named(&mut out, "blockers", &plan.blockers);
    }
    if let Some(leftover) = &plan.leftover {
        out.push_str(
            "\n# The mapping of an earlier attempt: believed where old id and address are a user's.\n",
        );
        named(&mut out, "leftover", leftover);
    }
    if !plan.references.is_empty() {
        out.push_str("\n# Where old ids of users are. decision: include, exclude or ask.\n");
    }
    for reference in &plan.references {
        element(&mut out, "reference", reference);
    }
    if !plan.tables.is_empty() {
        let _ = write!(
            out,
            "\n# What moves. action: copy, empty, skip or ask.\n# access: {}.\n",
            Pattern::ANSWERS
        );
    }
    for table in &plan.tables {
        element(&mut out, "table", table);
    }
    annotate(&out)
}

fn section(out: &mut String, value: &impl Serialize) {
    out.push_str(&toml::to_string(value).expect("a plan serializes"));
}

/// `[name]` with its own tables below it named in full.
fn named(out: &mut String, name: &str, value: &impl Serialize) {
    let table = std::collections::BTreeMap::from([(name, value)]);
    out.push_str(&toml::to_string(&table).expect("a plan serializes"));
}

fn element(out: &mut String, name: &str, value: &impl Serialize) {
    let table = std::collections::BTreeMap::from([(name, [value])]);
    out.push('\n');
    out.push_str(&toml::to_string(&table).expect("a plan serializes"));
}

/// The possible answers stand beside each question.
fn annotate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1024);
    for line in text.lines() {
        out.push_str(line);
        if line.starts_with("old_hashes = ") {
            out.push_str("  # carry | reset");
        }
        if let Some(key) = line.strip_suffix(" = \"ask\"") {
            let answers = match key {
                "decision" => "include | exclude",
                "sentinel_policy" => "null | quarantine | fail",
                "orphan_policy" => "null | quarantine | drop-element | fail",
                "action" => "copy | empty | skip",
                "access" => "see above",
                code if code.starts_with("MIG-U-") => users::answers(code),
                code if code.starts_with("MIG-") => "accept",
                _ => "a role, such as \"user\" or \"admin\"",
            };
            let _ = write!(out, "  # {answers}");
        }
        out.push('\n');
    }
    out
}
