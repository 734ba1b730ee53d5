//! `pg install`: PostgreSQL's own programs, without root.

use serde_json::json;

use super::{Context, runtime};
use crate::cli::Pg;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(crate) fn run(context: &Context, command: &Pg) -> Result<ExitCode, Failure> {
    let Pg::Install { major } = command;
    let data_dir = context.data_dir()?;
    let installed = runtime()?.block_on(cluster::install(&data_dir, *major))?;
    let (version, path) = (
        installed.version.clone(),
        installed.bin_dir.display().to_string(),
    );
    let summary = json!({ "version": version, "bin_dir": path });
    context.out.say(&Message::PgInstalled { version, path });
    context.out.end(ExitCode::Success, "installed", &summary);
    Ok(ExitCode::Success)
}
