//! `status`: what a running stack says of itself.

use serde_json::{Value, json};

use super::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::services::SERVICES;
use crate::state::State;

pub(crate) fn run(context: &Context) -> Result<ExitCode, Failure> {
    let data_dir = context.data_dir()?;
    let Some(state) = State::read(&data_dir) else {
        let dir = data_dir.display().to_string();
        context.out.say(&Message::NotRunning { dir });
        context.out.object(&json!({
            "type": "result", "exit_code": 8, "status": "not running", "next": "passerelle up",
        }));
        return Ok(ExitCode::Findings);
    };
    let health = runtime()?.block_on(ask(&state.api_url)).map_err(|error| {
        let (url, error) = (state.api_url.clone(), error.to_string());
        Failure::tell(
            ExitCode::Findings,
            Message::NoAnswer { url, error },
            "passerelle logs",
        )
        .named("no_answer")
    })?;
    let (pid, api) = (state.pid.to_string(), state.api_url.clone());
    context.out.say(&Message::Running { pid, api });
    let down = health["down"].as_array().cloned().unwrap_or_default();
    for name in SERVICES {
        let fault = down.iter().find(|line| line["service"] == name);
        // A program of an earlier release wrote no list: it ran everything.
        let here =
            state.services.is_empty() || state.services.iter().any(|service| service == name);
        let name = name.to_owned();
        context.out.say(&match (here, fault) {
            (false, _) => Message::ServiceElsewhere { name },
            (true, None) => Message::ServiceReady { name },
            (true, Some(line)) => Message::ServiceDown {
                name,
                reason: line["reason"].as_str().unwrap_or_default().to_owned(),
            },
        });
    }
    let code = if down.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    context.out.object(&json!({
        "type": "result", "exit_code": code as u8, "status": health["status"], "pid": state.pid,
        "api_url": state.api_url, "services": state.services, "down": down,
        "next": if down.is_empty() { "" } else { "passerelle doctor" },
    }));
    Ok(code)
}

async fn ask(url: &str) -> Result<Value, reqwest::Error> {
    web::outgoing()
        .build()
        .unwrap_or_default()
        .get(format!("{url}/health"))
        .timeout(std::time::Duration::from_secs(10))
        .send()
        .await?
        .json()
        .await
}
