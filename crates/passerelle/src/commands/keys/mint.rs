//! `keys mint`: one token, signed with the project's key.

use base::{Clock as _, SystemClock};
use chrono::{DateTime, Utc};
use jwt::Keys;
use serde_json::json;

use super::super::{Context, lifetime};
use crate::exit::{ExitCode, Failure};

pub(super) fn run(
    context: &Context,
    role: &str,
    sub: Option<&str>,
    exp: &str,
) -> Result<ExitCode, Failure> {
    let now = SystemClock.unix();
    let (settings, _) = context.settings_with_keys()?;
    let keys = Keys::from_settings(&settings.keys)?;
    let exp = end(exp, now)?;
    let mut claims = json!({ "role": role, "iss": "supabase", "iat": now, "exp": exp });
    if let Some(sub) = sub {
        claims["sub"] = json!(sub);
    }
    let token = keys.sign(&claims);
    context.out.result(&token);
    context.out.end(
        ExitCode::Success,
        "ok",
        &json!({ "token": token, "exp": exp }),
    );
    Ok(ExitCode::Success)
}

/// A lifetime from now on, or the time of the end: `1h`, `2030-01-01T00:00:00Z`.
fn end(text: &str, now: i64) -> Result<i64, Failure> {
    match text.parse::<DateTime<Utc>>() {
        Ok(time) => Ok(time.timestamp()),
        Err(_) => Ok(now + lifetime(text)?),
    }
}
