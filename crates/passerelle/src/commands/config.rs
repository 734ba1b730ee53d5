//! `config check`, `config explain`.

use serde_json::json;
use settings::Settings;

use super::Context;
use crate::cli::Config;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(crate) fn run(context: &Context, command: &Config) -> Result<ExitCode, Failure> {
    match command {
        Config::Check => {
            Settings::load(&context.layers)?;
            context.out.say(&Message::ConfigGood);
            context
                .out
                .object(&json!({ "type": "result", "exit_code": 0, "status": "ok" }));
        }
        Config::Explain => explain(context),
    }
    Ok(ExitCode::Success)
}

/// MIG-CFG-03: every effective value with its origin, secrets masked.
fn explain(context: &Context) {
    for field in Settings::fields() {
        let (value, origin) = context.layers.explain(&field);
        let shown = if field.shape.contains("secret") && !value.is_empty() {
            "***".to_owned()
        } else {
            value
        };
        context
            .out
            .result(&format!("{:<40} {shown:<40} {origin}", field.key));
        context
            .out
            .object(&json!({ "key": field.key, "value": shown, "origin": origin.to_string() }));
    }
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0 }));
}
