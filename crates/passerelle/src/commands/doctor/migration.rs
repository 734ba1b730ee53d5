//! What a migration made and somebody unmade since (MIG-DOC-02, MIG-DOC-03).

use std::path::Path;

use migrate::Plan;
use migrate::journal::Journal;
use pg::Endpoint;
use tokio_postgres::{Client, Error};

use super::tables::{facts, publication};
use crate::cli::Doctor;
use crate::findings::Finding;

/// The step that publishes.
const PUBLISHED: &str = "S11";

/// Tables that the plan publishes and that are no longer published, once the plan was carried out. The one that was
/// asked about is judged by itself.
pub(super) async fn unpublished(
    client: &Client,
    endpoint: &Endpoint,
    dir: &Path,
    flags: &Doctor,
) -> Result<Vec<Finding>, Error> {
    let Some(plan) = plan_in(dir) else {
        return Ok(Vec::new());
    };
    if !carried_out(client, &plan).await {
        return Ok(Vec::new());
    }
    let asked = flags.table.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    for table in plan.made_tables().filter(|table| table.realtime) {
        let (schema, name) = (&table.name.schema, &table.name.name);
        if asked == name || asked == format!("{schema}.{name}") {
            continue;
        }
        if let Some(row) = facts(client, schema, name).await? {
            let quoted: String = row.get("quoted");
            found.extend(publication(endpoint, &row, &quoted));
        }
    }
    Ok(found)
}

/// The plan beside the project, if there is one that can be read.
fn plan_in(dir: &Path) -> Option<Plan> {
    let text = std::fs::read_to_string(dir.join("migration.plan.toml")).ok()?;
    Plan::parse(&text).ok()
}

async fn carried_out(client: &Client, plan: &Plan) -> bool {
    if !Journal::exists(client).await.unwrap_or(false) {
        return false;
    }
    let steps = Journal::of(plan.run).steps(client).await;
    let done =
        |step: &migrate::journal::StepRecord| step.step == PUBLISHED && step.status == "done";
    steps.is_ok_and(|steps| steps.iter().any(done))
}
