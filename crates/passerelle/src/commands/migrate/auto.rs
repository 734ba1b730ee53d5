//! `migrate auto`: one command after the other, as a person would type them; it stops at the first that does not end
//! well, with that one's exit code. What was done before is not done again (MIG-RUN-08).

use base::{Clock as _, SystemClock};
use chrono::TimeDelta;
use settings::Settings;

use super::flags::{self, Auto, DumpFormat, Ids, Proof};
use super::{backup, plan, preflight, reach, run as whole, test};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// How old a backup may be to serve.
const FRESH: TimeDelta = TimeDelta::hours(24);

/// Ends early unless it went well.
macro_rules! must {
    ($context:ident, $stage:literal, $work:expr) => {
        $context.out.say(&Message::AutoStage {
            stage: $stage.to_owned(),
        });
        match $work.await? {
            ExitCode::Success => {}
            other => return Ok(other),
        }
    };
}

pub(super) async fn run(context: &Context, flags: &Auto) -> Result<ExitCode, Failure> {
    let dry = Settings::load(&context.layers)?.migrate.dry_run == Some(true);
    must!(
        context,
        "passerelle migrate preflight",
        preflight::run(context, &flags.reach)
    );
    match &flags.no_backup {
        Some(reason) => context.out.say(&Message::AutoWithout {
            reason: reason.clone(),
        }),
        None if dry || is_backed_up(context, flags).await? => {}
        None => {
            must!(
                context,
                "passerelle migrate backup",
                backup::run(context, &dump(flags))
            );
        }
    }
    if !flags.reach.plan.exists() {
        must!(
            context,
            "passerelle migrate plan --accept-defaults",
            plan::run(context, &planning(flags))
        );
    }
    let running = running(flags);
    must!(
        context,
        "passerelle migrate run --dry-run",
        whole::go(context, &running, true, None)
    );
    if dry {
        return Ok(ExitCode::Success);
    }
    must!(
        context,
        "passerelle migrate run",
        whole::go(context, &running, false, None)
    );
    must!(
        context,
        "passerelle migrate test",
        test::run(context, &testing(flags))
    );
    Ok(ExitCode::Success)
}

/// A proved backup of this source, not a day old.
async fn is_backed_up(context: &Context, flags: &Auto) -> Result<bool, Failure> {
    let source = reach::source(context, &flags.reach)?;
    let (_snapshot, inventory) = reach::look(&source).await?;
    let newest = backup::newest_of(context, &inventory.server.fingerprint);
    Ok(newest.is_some_and(|it| SystemClock.now() - it.manifest.taken_at <= FRESH))
}

fn dump(flags: &Auto) -> flags::Backup {
    flags::Backup {
        command: None,
        from: flags.reach.from.clone(),
        dir: "backups".into(),
        format: DumpFormat::Custom,
        jobs: 2,
        compress: None,
        verify: Proof::Full,
        verify_on: flags.reach.to.clone(),
    }
}

fn planning(flags: &Auto) -> flags::Plan {
    flags::Plan {
        inspect: flags::Inspect {
            reach: flags.reach.clone(),
            users: flags.users.clone(),
            sample: 10_000,
        },
        ids: Ids::Uuid,
        accept_defaults: true,
        replace: false,
    }
}

fn running(flags: &Auto) -> flags::Run {
    flags::Run {
        reach: flags.reach.clone(),
        dry: false,
        jobs: None,
        split_larger_than: "1GB".to_owned(),
        max_rejects: None,
        max_user_failures: None,
        plan_digest: None,
        no_verify: false,
    }
}

fn testing(flags: &Auto) -> flags::Test {
    flags::Test {
        reach: flags.reach.clone(),
        api: None,
        email: None,
        credentials: flags.credentials.clone(),
        junit: None,
    }
}
