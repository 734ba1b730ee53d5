//! What must hold before anything is done (section 4 of the contract): each check with what was seen and what mends it.

use serde::Serialize;

use crate::inspect::{Inspection, TableKindOfUse};
use crate::inventory::{Inventory, Name, TableKind};
use crate::session::{Source, Target};
use crate::{Error, Plan};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// It holds.
    Pass,
    /// It should be read.
    Warn,
    /// It must be mended first.
    Fail,
    /// It could not be looked at.
    Skip,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The requirement.
    pub id: &'static str,
    /// How it ended.
    pub grade: Grade,
    /// What was seen.
    pub evidence: String,
    /// The command or SQL that mends it; may be empty.
    pub remedy: String,
}

/// Versions that a source may have.
const SOURCE: std::ops::Range<i32> = 100_000..190_000;
/// Versions that a target may have.
const TARGET: std::ops::Range<i32> = 140_000..190_000;
/// Schemas that belong to the stack.
const RESERVED: [&str; 11] = [
    "auth",
    "storage",
    "realtime",
    "extensions",
    "graphql",
    "graphql_public",
    "vault",
    "net",
    "cron",
    "pgsodium",
    "supabase_functions",
];

/// Looks at both sides without changing either. With a plan, what its run made on the target already is no obstacle,
/// and what an inspection would say of users and tables stands in it: none is needed then.
pub async fn preflight(
    source: &Source,
    target: &Target,
    inventory: &Inventory,
    inspection: Option<&Inspection>,
    plan: Option<&Plan>,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Findings(Vec::new());
    let client = target.session().await?;
    let there = crate::inventory::server(&client).await?;
    let here = &inventory.server;
    findings.add(
        "MIG-PRE-01",
        SOURCE.contains(&here.version),
        format!(
            "source: PostgreSQL {}, {:?}",
            here.version_text,
            source.endpoint()
        ),
        "a PostgreSQL from 10 to 18 is needed",
    );
    findings.add(
        "MIG-PRE-01",
        TARGET.contains(&there.version),
        format!(
            "target: PostgreSQL {}, {:?}",
            there.version_text,
            target.endpoint()
        ),
        "a PostgreSQL from 14 to 18 is needed",
    );
    findings.add(
        "MIG-CFG-06",
        here.fingerprint != there.fingerprint,
        format!("source {}, target {}", here.fingerprint, there.fingerprint),
        "both addresses lead to the same database: one of them is wrong, often because both are published on port 5432",
    );
    privileges(source, inventory, &mut findings).await?;
    empty(&client, inventory, plan, &mut findings).await?;
    extensions(&client, inventory, &mut findings).await?;
    encoding(inventory, &mut findings);
    match (plan, inspection) {
        (Some(plan), _) => planned_people(plan, &mut findings),
        (None, Some(inspection)) => people(inspection, &mut findings),
        (None, None) => {}
    }
    keys(inventory, plan, &mut findings);
    names(plan, inspection, &mut findings);
    Ok(findings.0)
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, id: &'static str, pass: bool, evidence: impl Into<String>, remedy: &str) {
        self.grade(
            id,
            if pass { Grade::Pass } else { Grade::Fail },
            evidence,
            remedy,
        );
    }

    fn grade(&mut self, id: &'static str, grade: Grade, evidence: impl Into<String>, remedy: &str) {
        let remedy = if grade == Grade::Pass { "" } else { remedy };
        self.0.push(Finding {
            id,
            grade,
            evidence: evidence.into(),
            remedy: remedy.to_owned(),
        });
    }
}

/// MIG-PRE-03: the source's login may read everything that moves.
async fn privileges(
    source: &Source,
    inventory: &Inventory,
    findings: &mut Findings,
) -> Result<(), Error> {
    let client = source.session().await?;
    let names: Vec<String> = inventory
        .tables
        .iter()
        .filter(|table| table.kind != TableKind::Foreign)
        .map(|table| table.name.quoted().to_string())
        .collect();
    let rows = client
        .query(
            "select t from unnest($1::text[]) t where not has_table_privilege(t, 'select')",
            &[&names],
        )
        .await?;
    let closed: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let user = sql::Ident::new(source.endpoint().user());
    let remedy = format!("grant select on {} to {user};", closed.join(", "));
    findings.add(
        "MIG-PRE-03",
        closed.is_empty(),
        format!("{} of {} tables may not be read", closed.len(), names.len()),
        &remedy,
    );
    Ok(())
}

/// MIG-PRE-04: nobody and nothing is there that this run did not make.
async fn empty(
    client: &tokio_postgres::Client,
    inventory: &Inventory,
    plan: Option<&Plan>,
    findings: &mut Findings,
) -> Result<(), Error> {
    if let Some(plan) = plan
        && crate::journal::Journal::runs(client)
            .await?
            .iter()
            .any(|run| run.id == plan.run)
    {
        findings.add("MIG-PRE-04", true, "the target holds this run", "");
        return Ok(());
    }
    let users = auth::import::count(client).await?;
    findings.add(
        "MIG-PRE-04",
        users == 0,
        format!("{users} users on the target"),
        "passerelle migrate plan --into-existing, or an empty target",
    );
    let names: Vec<String> = inventory
        .tables
        .iter()
        .map(|table| table.name.quoted().to_string())
        .collect();
    let rows = client
        .query(
            "select t from unnest($1::text[]) t where to_regclass(t) is not null",
            &[&names],
        )
        .await?;
    let taken: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    findings.add(
        "MIG-PRE-04",
        taken.is_empty(),
        format!(
            "{} tables of these names on the target {}",
            taken.len(),
            taken.join(", ")
        ),
        "rename or drop them, or choose an empty target",
    );
    Ok(())
}

/// MIG-PRE-06
async fn extensions(
    client: &tokio_postgres::Client,
    inventory: &Inventory,
    findings: &mut Findings,
) -> Result<(), Error> {
    let names: Vec<&str> = inventory
        .extensions
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let rows = client
        .query(
            "select e from unnest($1::text[]) e where not exists (select 1 from pg_available_extensions where name = e)",
            &[&names],
        )
        .await?;
    let missing: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    findings.add(
        "MIG-PRE-06",
        missing.is_empty(),
        format!(
            "{} extensions, missing on the target: {}",
            names.len(),
            missing.join(", ")
        ),
        "install the packages of these extensions on the target's machine",
    );
    Ok(())
}

fn encoding(inventory: &Inventory, findings: &mut Findings) {
    let encoding = &inventory.server.encoding;
    let grade = if encoding == "UTF8" {
        Grade::Pass
    } else {
        Grade::Warn
    };
    findings.grade(
        "MIG-PRE-06",
        grade,
        format!("the source's encoding is {encoding}"),
        "values that are not valid in UTF-8 stop the load of their table",
    );
}

/// MIG-PRE-07
fn people(inspection: &Inspection, findings: &mut Findings) {
    match inspection.users.first().filter(|_| inspection.clear_winner) {
        Some(best) => {
            let login = best.columns.email.is_some()
                || best.columns.username.is_some()
                || best.columns.phone.is_some()
                || best.columns.contact.is_some();
            findings.add(
                "MIG-PRE-07",
                login,
                format!("users table {}, {} rows", best.table, best.rows),
                "name the column people sign in with in the plan",
            );
        }
        None => findings.add(
            "MIG-PRE-07",
            false,
            "it is not clear which table holds the users",
            "passerelle migrate plan --users schema.table",
        ),
    }
}

/// MIG-PRE-07: a plan is not made without a users table and something to sign in with.
fn planned_people(plan: &Plan, findings: &mut Findings) {
    let users = &plan.users;
    let login = [&users.email, &users.username, &users.phone]
        .iter()
        .any(|it| it.is_some());
    findings.add(
        "MIG-PRE-07",
        login || users.contact.is_some(),
        format!("users table {}, {} rows", users.table, users.rows),
        "name the column people sign in with in the plan",
    );
    let peppers: Vec<String> = users
        .password
        .iter()
        .flat_map(crate::plan::PasswordPlan::peppers)
        .collect();
    if !peppers.is_empty() {
        findings.grade(
            "MIG-PWD-07",
            Grade::Warn,
            format!("hashes that need the peppers {}", peppers.join(", ")),
            "PASSERELLE_AUTH_LEGACY_PEPPERS must give them to the auth service, a JSON object of texts by these names",
        );
    }
}

/// MIG-PRE-10: what is published needs a key.
fn keys(inventory: &Inventory, plan: Option<&Plan>, findings: &mut Findings) {
    let Some(plan) = plan else { return };
    let keyless: Vec<String> = plan
        .made_tables()
        .filter(|table| table.realtime && !table.replica_identity_full)
        .filter(|table| {
            inventory
                .table(&table.name)
                .is_some_and(|table| table.primary_key().is_none())
        })
        .map(|table| table.name.to_string())
        .collect();
    findings.add(
        "MIG-PRE-10",
        keyless.is_empty(),
        format!(
            "{} tables to be published without a key {}",
            keyless.len(),
            keyless.join(", ")
        ),
        "set realtime = false, or replica_identity_full = true, in the plan",
    );
}

/// MIG-PRE-14: the application's schemas are not the stack's.
fn names(plan: Option<&Plan>, inspection: Option<&Inspection>, findings: &mut Findings) {
    let tables: Vec<&Name> = match (plan, inspection) {
        (Some(plan), _) => plan.made_tables().map(|it| &it.name).collect(),
        (None, Some(inspection)) => inspection
            .tables
            .iter()
            .filter(|sorted| sorted.sort == TableKindOfUse::Application)
            .map(|sorted| &sorted.table)
            .collect(),
        (None, None) => Vec::new(),
    };
    let collisions: Vec<String> = tables
        .into_iter()
        .filter(|table| RESERVED.contains(&table.schema.as_str()))
        .map(ToString::to_string)
        .collect();
    findings.add(
        "MIG-PRE-14",
        collisions.is_empty(),
        format!(
            "{} tables in the stack's own schemas {}",
            collisions.len(),
            collisions.join(", ")
        ),
        "move them to another schema on the source, or leave them out of the plan",
    );
}
