//! `status`: what a running stack says of itself.

use serde_json::{Value, json};

use super::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::state::State;

pub(crate) fn run(context: &Context) -> Result<ExitCode, Failure> {
    let data_dir = context.data_dir()?;
    let Some(state) = State::read(&data_dir) else {
        context.out.say(&Message::NotRunning {
            dir: data_dir.display().to_string(),
        });
        context
            .out
            .object(&json!({ "type": "result", "exit_code": 8, "status": "not running" }));
        return Ok(ExitCode::Findings);
    };
    let health = runtime()?.block_on(ask(&state.api_url)).map_err(|error| {
        Failure::new(
            ExitCode::Findings,
            format_args!("{} does not answer: {error}", state.api_url),
            "passerelle logs",
        )
    })?;
    context.out.say(&Message::Running {
        pid: state.pid,
        api: state.api_url.clone(),
    });
    let down: Vec<(String, String)> = health["down"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| {
            Some((
                line["service"].as_str()?.to_owned(),
                line["reason"].as_str()?.to_owned(),
            ))
        })
        .collect();
    for name in ["auth", "rest", "realtime", "storage"] {
        let fault = down.iter().find(|(service, _)| service == name);
        let reason = fault.map(|(_, reason)| reason.clone()).unwrap_or_default();
        context.out.say(&Message::Service {
            name: name.to_owned(),
            ready: fault.is_none(),
            reason,
        });
    }
    let code = if down.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    context.out.object(&json!({
        "type": "result", "exit_code": code as u8, "status": health["status"], "pid": state.pid,
        "api_url": state.api_url, "down": health["down"],
    }));
    Ok(code)
}

async fn ask(url: &str) -> Result<Value, reqwest::Error> {
    reqwest::Client::new()
        .get(format!("{url}/health"))
        .timeout(std::time::Duration::from_secs(10))
        .send()
        .await?
        .json()
        .await
}
