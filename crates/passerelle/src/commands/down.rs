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
        let dir = data_dir.display().to_string();
        context.out.say(&Message::NotRunning { dir });
        context
            .out
            .end(ExitCode::Success, "not running", &json!({}));
        return Ok(ExitCode::Success);
    };
    context.out.say(&Message::Stopping);
    let number = i32::try_from(state.pid).map_err(Failure::internal)?;
    let pid = state.pid.to_string();
    kill(Pid::from_raw(number), Signal::SIGTERM).map_err(|error| {
        let (pid, error) = (pid.clone(), error.to_string());
        let sentence = Message::CannotStop { pid, error };
        Failure::tell(ExitCode::Preflight, sentence, Message::OwnersAccount).named("cannot_stop")
    })?;
    let started = Instant::now();
    while state.is_alive() {
        if started.elapsed() > Duration::from_secs(90) {
            let sentence = Message::StillStopping { pid: pid.clone() };
            let failure = Failure::tell(ExitCode::Preflight, sentence, Message::KillIt { pid });
            return Err(failure.named("still_stopping"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    context.out.say(&Message::Stopped);
    context
        .out
        .end(ExitCode::Success, "stopped", &json!({ "pid": state.pid }));
    Ok(ExitCode::Success)
}
