//! `config check`, `config explain`.

use serde_json::json;
use settings::{Origin, Settings};

use super::Context;
use crate::cli::Config;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::services;

pub(crate) fn run(context: &Context, command: &Config) -> Result<ExitCode, Failure> {
    match command {
        Config::Check => {
            let settings = Settings::load(&context.layers)?;
            services::chosen(&settings.gateway)?;
            for (code, message) in super::strangers(&context.layers) {
                context.out.warn(code, message, "");
            }
            context.out.say(&Message::ConfigGood);
            context.out.end(ExitCode::Success, "ok", &json!({}));
        }
        Config::Explain => explain(context),
    }
    Ok(ExitCode::Success)
}

/// MIG-CFG-03: every effective value with its origin, secrets masked.
fn explain(context: &Context) {
    let fields = Settings::fields();
    for field in &fields {
        let (value, origin) = context.layers.explain(field);
        let shown = if field.shape.contains("secret") && !value.is_empty() {
            "***".to_owned()
        } else {
            value
        };
        let language = context.out.language;
        let shown_origin = match &origin {
            Origin::Environment => Message::FromEnvironment.text(language),
            Origin::Flag => Message::FromFlag.text(language),
            Origin::Default => Message::FromDefault.text(language),
            Origin::EnvFile(path) | Origin::File(path) => path.display().to_string(),
        };
        context
            .out
            .result(&format!("{:<40} {shown:<40} {shown_origin}", field.key));
        context.out.object(&json!({
            "type": "step", "step": "setting", "key": field.key, "value": shown, "origin": origin.to_string(),
        }));
    }
    context.out.end(
        ExitCode::Success,
        "ok",
        &json!({ "settings": fields.len() }),
    );
}
