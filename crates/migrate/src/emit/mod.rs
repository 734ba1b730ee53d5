//! The files that a person would otherwise write: the four SQL scripts of a conversion in place, wrappers for the
//! shell, a block for the environment, a service for Compose. All of them from the plan, so that they do what a run does.
//!
//! In charge of their text and of never losing a file that was there. It runs nothing.

mod around;
mod compose;
mod convert;
mod guide;
mod keys;
mod scripts;
mod values;
mod write;

pub use compose::legacy_service;
pub use write::{Outcome, Written, write};

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::inventory::Inventory;
use crate::run::policy_statements;
use crate::{Error, Plan};

/// A file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Where, below the application's folder.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// A person may run it.
    pub executable: bool,
}

/// What the files say besides the plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API is reached.
    pub api_url: String,
    /// The old database's service in the application's Compose file, which moves to another published port.
    pub legacy_service: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            api_url: "http://localhost:8000".to_owned(),
            legacy_service: None,
        }
    }
}

/// Every file, in the order of use (MIG-ART-01 to 06).
pub fn artefacts(
    plan: &Plan,
    inventory: &Inventory,
    options: &Options,
) -> Result<Vec<Artefact>, Error> {
    let questions = plan.questions();
    if !questions.is_empty() {
        return Err(Error::Undecided(questions));
    }
    let sql = |name: &str, text: String| Artefact {
        path: PathBuf::from("scripts/sql").join(name),
        text,
        executable: false,
    };
    let mut files = vec![
        sql("01_create_mapping_table.sql", mapping(plan)),
        sql(
            "02_migrate_data_to_uuid.sql",
            convert::script(plan, inventory)?,
        ),
        sql("03_setup_rls_policies.sql", policies(plan, inventory)?),
        sql("04_enable_realtime.sql", realtime(plan, inventory)),
    ];
    files.extend(scripts::all());
    files.push(compose::environment(options));
    files.push(compose::overlay(options));
    files.push(Artefact {
        path: PathBuf::from("MIGRATION.md"),
        text: guide::page(plan, &options.api_url),
        executable: false,
    });
    Ok(files)
}

/// How every script begins: it stops at the first error and is one transaction.
fn head(title: &str) -> String {
    format!(
        "-- {title}\n-- Written by passerelle migrate emit from the plan. Run it with psql, as often as you like:\n\
         --   psql \"$TARGET_DATABASE_URL\" -f <this file>\n\\set ON_ERROR_STOP on\n\\set QUIET on\nbegin;\n\
         set local client_min_messages = warning;\nset local search_path = pg_catalog;\n\n"
    )
}

/// A name in a comment: on one line, whatever it is.
fn remark(name: &impl std::fmt::Display) -> String {
    name.to_string().replace(['\n', '\r'], " ")
}

fn mapping(plan: &Plan) -> String {
    let old = &plan.users.id_type;
    let table = include_str!("../sql/mapping.sql").replace("{type}", old);
    let lookups = include_str!("../sql/lookups.sql").replace("{type}", old);
    let guard = include_str!("sql/mapping_guard.sql");
    // As the engine's own sessions do: whoever runs it, people's tables have one owner.
    let owner = include_str!("../sql/become_owner.sql").trim_end();
    format!(
        "{}{owner};\n\n{guard}\n{table}\ncreate schema if not exists passerelle_migrate;\n\
         revoke all on schema passerelle_migrate from public;\n{lookups}\ncommit;\n",
        head("01: the table of old and new ids. Only servers may read it.")
    )
}

fn policies(plan: &Plan, inventory: &Inventory) -> Result<String, Error> {
    let mut text = head("03: who may see and change what.");
    for table in plan.made_tables() {
        let _ = writeln!(text, "-- {}: {}", remark(&table.name), table.access.name());
        for statement in policy_statements(plan, inventory, table)? {
            text.push_str(&statement.sql);
            text.push_str(";\n");
        }
        text.push('\n');
    }
    for view in &inventory.views {
        let shown = sql::quote_literal(&view.name.quoted().to_string());
        let name = view.name.quoted();
        let _ = write!(
            text,
            "-- {}\nselect to_regclass({shown}) is not null as there, {} as bound \\gset\n\\if :there\n\
             revoke all on {name} from anon, authenticated;\ngrant select on {name} to service_role;\n\\if :bound\n",
            remark(&view.name),
            if view.materialized {
                "false"
            } else {
                "current_setting('server_version_num')::int4 >= 150000"
            },
        );
        if !view.materialized {
            let _ = writeln!(
                text,
                "alter view {name} set (security_invoker = on);\ngrant select on {name} to authenticated;"
            );
        }
        text.push_str("\\endif\n\\endif\n\n");
    }
    text.push_str("notify pgrst, 'reload schema';\ncommit;\n\n");
    text.push_str(include_str!("sql/policies_there.sql"));
    Ok(text)
}

fn realtime(plan: &Plan, inventory: &Inventory) -> String {
    let mut text = head("04: which tables' changes are sent to browsers.");
    text.push_str(include_str!("sql/publication.sql"));
    for table in plan.made_tables().filter(|table| table.realtime) {
        let partition = inventory.table(&table.name).is_none_or(|it| {
            it.partition_of.is_some() || it.kind == crate::inventory::TableKind::Foreign
        });
        if partition {
            continue;
        }
        let quoted = table.name.quoted().to_string();
        if table.replica_identity_full {
            let _ = writeln!(text, "alter table {quoted} replica identity full;");
        }
        let _ = writeln!(
            text,
            "select pg_temp.publish({});",
            sql::quote_literal(&quoted)
        );
    }
    text.push_str("commit;\n\nselect schemaname, tablename from pg_publication_tables where pubname = 'supabase_realtime' order by 1, 2;\n");
    text
}

#[cfg(test)]
mod tests;
