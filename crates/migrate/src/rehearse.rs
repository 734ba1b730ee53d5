//! A dry run: everything is read and judged, nothing is touched; the ids shown are those of the real run (MIG-DRY).

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::ids::Seed;
use crate::inventory::Inventory;
use crate::password::Carrier;
use crate::plan::{Decision, Question, TableAction};
use crate::session::{Source, Target};
use crate::users::{Directory, Outcome, Problem, carrier_to, survey};
use crate::{Error, Plan};

/// What a run would do.
#[derive(Debug, Serialize)]
pub struct Forecast {
    /// The plan's digest.
    pub plan_digest: String,
    /// Users by outcome.
    pub users: Vec<(Outcome, u64)>,
    /// Passwords by class and treatment.
    pub passwords: Vec<(String, String, u64)>,
    /// Problems with users.
    pub problems: Vec<Problem>,
    /// Some old ids and the ids they get.
    pub sample: Vec<(String, Uuid)>,
    /// Each table: what happens, rows, converted columns, access, published.
    pub tables: Vec<TableForecast>,
    /// What must still be decided.
    pub questions: Vec<Question>,
    /// What blocks a real run, in a word each.
    pub blockers: Vec<String>,
}

/// What would happen to a table.
#[derive(Debug, Serialize)]
pub struct TableForecast {
    /// The table.
    pub table: String,
    /// `copy`, `empty`, `skip` or `ask`.
    pub action: TableAction,
    /// Rows as estimated.
    pub estimated_rows: i64,
    /// Columns whose ids are converted.
    pub converted: Vec<String>,
    /// Who may do what.
    pub access: crate::plan::Pattern,
    /// Published to browsers.
    pub realtime: bool,
}

/// Users shown with their new ids.
const SAMPLE: usize = 5;

/// Reads both sides and judges. The target is only read.
pub async fn forecast(
    source: &Source,
    target: &Target,
    plan: &Plan,
    seed: &Seed,
) -> Result<Forecast, Error> {
    let client = target.session().await?;
    let carrier = carrier_to(&client).await?;
    judge(source, &Directory::Database(&client), plan, seed, carrier).await
}

/// The same where the target is known by the users it listed.
pub async fn forecast_of(
    source: &Source,
    there: &[auth::import::Present],
    plan: &Plan,
    seed: &Seed,
    carrier: Carrier,
) -> Result<Forecast, Error> {
    judge(source, &Directory::Listed(there), plan, seed, carrier).await
}

async fn judge(
    source: &Source,
    target: &Directory<'_>,
    plan: &Plan,
    seed: &Seed,
    carrier: Carrier,
) -> Result<Forecast, Error> {
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    crate::run::check_source(plan, &inventory)?;
    let reader = snapshot.session().await?;
    let survey = survey(&reader, target, plan, &inventory, seed, carrier).await?;
    let mut users: BTreeMap<&str, (Outcome, u64)> = BTreeMap::new();
    for verdict in &survey.verdicts {
        users
            .entry(verdict.outcome.status())
            .or_insert((verdict.outcome, 0))
            .1 += 1;
    }
    let failures = survey.count(Outcome::Fail);
    let mut blockers = Vec::new();
    let questions = plan.questions();
    if !questions.is_empty() {
        blockers.push(format!(
            "{} points of the plan are not decided",
            questions.len()
        ));
    }
    if failures > plan.limits.max_user_failures {
        blockers.push(format!(
            "{failures} users cannot be made; the plan allows {}",
            plan.limits.max_user_failures
        ));
    }
    Ok(Forecast {
        plan_digest: plan.digest(),
        users: users.into_values().collect(),
        passwords: survey
            .passwords
            .iter()
            .map(|((class, treatment), count)| (class.clone(), treatment.clone(), *count))
            .collect(),
        sample: survey
            .verdicts
            .iter()
            .take(SAMPLE)
            .map(|verdict| (verdict.legacy.to_string(), verdict.uuid))
            .collect(),
        problems: survey.problems,
        tables: plan
            .tables
            .iter()
            .map(|table| of_table(plan, table))
            .collect(),
        questions,
        blockers,
    })
}

fn of_table(plan: &Plan, table: &crate::plan::TablePlan) -> TableForecast {
    TableForecast {
        table: table.name.to_string(),
        action: table.action,
        estimated_rows: table.estimated_rows,
        converted: plan
            .references
            .iter()
            .filter(|it| it.table == table.name && it.decision == Decision::Include)
            .map(|it| it.column.clone())
            .collect(),
        access: table.access,
        realtime: table.realtime,
    }
}
