//! `migrate rls`: the row security that the plan makes, to read.

use serde_json::json;

use super::flags::Reach;
use super::reach;
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};

pub(super) async fn run(context: &Context, reach: &Reach) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&reach.plan)?;
    let source = reach::source(context, reach)?;
    let (_snapshot, inventory) = reach::look(&source).await?;
    let mut statements = 0;
    for table in plan.made_tables() {
        context
            .out
            .result(&format!("-- {}: {:?}", table.name, table.access));
        for statement in migrate::run::policy_statements(&plan, &inventory, table)? {
            statements += 1;
            context
                .out
                .object(&json!({ "type": "table", "object": table.name, "sql": statement.sql }));
            context.out.result(&format!("{};", statement.sql));
        }
    }
    context.out.end(
        ExitCode::Success,
        "ok",
        &json!({ "statements": statements }),
    );
    Ok(ExitCode::Success)
}
