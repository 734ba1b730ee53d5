//! `migrate`: moves an application's database onto the stack.

mod auto;
mod backup;
mod check;
mod emit;
mod evidence;
mod failure;
pub(crate) mod flags;
mod inspect;
mod lookup;
mod plan;
mod preflight;
mod probe;
pub(crate) mod progress;
mod reach;
mod rls;
mod rollback;
mod run;
mod status;
mod test;
mod users;
mod verify;

use super::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use flags::Migrate;

pub(crate) fn run(context: &Context, command: &Migrate) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        match command {
            Migrate::Preflight(reach) => preflight::run(context, reach).await,
            Migrate::Backup(flags) => backup::run(context, flags).await,
            Migrate::Inspect(flags) => inspect::run(context, flags).await,
            Migrate::Plan(flags) => plan::run(context, flags).await,
            Migrate::Run(flags) => run::run(context, flags).await,
            Migrate::Users(flags) => users::run(context, flags).await,
            Migrate::Rls(reach) => rls::run(context, reach).await,
            Migrate::Verify(reach) => verify::run(context, reach).await,
            Migrate::Auto(flags) => auto::run(context, flags).await,
            Migrate::Check(flags) => check::run(context, flags),
            Migrate::Status(reach) => status::run(context, reach).await,
            Migrate::Lookup(flags) => lookup::run(context, flags).await,
            Migrate::Test(flags) => test::run(context, flags).await,
            Migrate::Rollback(flags) => rollback::run(context, flags).await,
            Migrate::Emit(flags) => emit::run(context, flags).await,
        }
    })
}
