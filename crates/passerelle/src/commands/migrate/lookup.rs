//! `migrate lookup`: one user, both directions.

use migrate::Target;
use serde_json::json;

use super::{flags, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, flags: &flags::Lookup) -> Result<ExitCode, Failure> {
    let asked = [&flags.email, &flags.old_id, &flags.uuid];
    if asked.iter().filter(|it| it.is_some()).count() != 1 {
        return Err(Failure::tell(
            ExitCode::Usage,
            Message::LookupBy,
            "passerelle migrate lookup --old-id 42",
        )
        .named("lookup_by"));
    }
    let endpoint = reach::target(context, flags.reach.to.as_deref())?;
    let found = migrate::lookup::find(
        &Target::unlocked(&endpoint),
        flags.email.as_deref(),
        flags.old_id.as_deref(),
        flags.uuid.as_deref(),
    )
    .await?;
    for user in &found {
        context.out.object(&json!({ "type": "user", "user": user }));
        context.out.result(&format!(
            "{} -> {} {} {} (password {})",
            user.old_id, user.uuid, user.email, user.status, user.password_status
        ));
    }
    let code = if found.is_empty() {
        ExitCode::Findings
    } else {
        ExitCode::Success
    };
    if found.is_empty() {
        context.out.say(&Message::NobodyFound);
    }
    context
        .out
        .end(code, code.name(), &json!({ "users": found.len() }));
    Ok(code)
}
