//! `down`: stops a running stack and waits for its end.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::Context;
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
            .object(&json!({ "type": "result", "exit_code": 0, "status": "not running" }));
        return Ok(ExitCode::Success);
    };
    context.out.say(&Message::Stopping);
    let pid = i32::try_from(state.pid).map_err(Failure::internal)?;
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| {
        Failure::new(
            ExitCode::Preflight,
            format_args!("process {pid} cannot be stopped: {error}"),
            "use its owner's account",
        )
    })?;
    let started = Instant::now();
    while state.is_alive() {
        if started.elapsed() > Duration::from_secs(90) {
            return Err(Failure::new(
                ExitCode::Preflight,
                format_args!("process {pid} is still stopping after 90 seconds"),
                format!("kill -9 {pid}; the next start recovers"),
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    context.out.say(&Message::Stopped);
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0, "status": "stopped" }));
    Ok(ExitCode::Success)
}
