//! `db init`: the preparation by itself, its plan, and the server's own settings.

use database::{Options, ServerSetting, configure_server};
use serde_json::json;
use settings::{Layers, Settings};

use super::{Need, Reach};
use crate::commands::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::services::SCHEMAS;

/// DB-GEN-03: the SQL to read; nothing is made, not even keys.
pub(super) fn plan(context: &Context, layers: &Layers) -> Result<ExitCode, Failure> {
    let settings = Settings::load(layers)?;
    let jwt_expiry = settings.auth.jwt_expiry.as_secs();
    let options = Options::from_settings(&settings.database, &settings.keys, jwt_expiry);
    let sql = database::plan_sql(&options, &SCHEMAS);
    context.out.result(sql.trim_end());
    let summary = json!({ "sql": sql });
    context.out.end(ExitCode::Success, "planned", &summary);
    Ok(ExitCode::Success)
}

pub(super) fn run(
    context: &Context,
    layers: &Layers,
    is_server_too: bool,
) -> Result<ExitCode, Failure> {
    let out = context.out;
    let (report, settings) = runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Prepared).await?;
        let settings = if is_server_too {
            configure_server(&reach.admin).await
        } else {
            Ok(Vec::new())
        };
        let report = reach.report.clone();
        reach.close().await?;
        Ok::<_, Failure>((report, settings?))
    })?;
    for setting in &settings {
        tell(context, setting);
    }
    let unexposed = report
        .as_ref()
        .map_or(&[][..], |report| &report.unexposed_tables);
    if !unexposed.is_empty() {
        let tables = unexposed.join(", ");
        let grant = format!(
            "grant all on table {} to anon, authenticated, service_role",
            unexposed[0]
        );
        out.warn(
            "tables_unexposed",
            Message::TablesUnexposed { tables },
            grant,
        );
    }
    let waiting: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.needs_restart)
        .map(|setting| setting.name.as_str())
        .collect();
    if !waiting.is_empty() {
        let names = waiting.join(", ");
        out.warn(
            "restart_needed",
            Message::RestartNeeded { names },
            Message::RestartPostgres,
        );
    }
    let applied = report
        .as_ref()
        .map_or(0, |report| report.migrations_applied);
    out.say(&Message::DatabasePrepared {
        count: applied.to_string(),
    });
    let summary = json!({
        "schema_changes": applied, "server_version": report.map(|report| report.server_version),
        "settings": settings.len(), "restart_needed": waiting,
    });
    out.end(ExitCode::Success, "prepared", &summary);
    Ok(ExitCode::Success)
}

fn tell(context: &Context, setting: &ServerSetting) {
    let ServerSetting {
        name,
        before,
        value,
        needs_restart,
    } = setting;
    context.out.result(&format!("{name}: {before} -> {value}"));
    context.out.object(&json!({
        "type": "step", "step": "setting", "setting": name, "before": before, "value": value, "needs_restart": needs_restart,
    }));
}
