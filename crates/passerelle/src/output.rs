//! Speaking to the person, or to the program, that called.

use std::io::Write as _;
use std::sync::Mutex;

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use serde_json::{Map, Value, json};

use crate::exit::{ExitCode, Failure};
use crate::messages::{Language, Message, Text};

/// Version of the lines that `--json` prints; described in `docs/reference/output.md`.
pub(crate) const SCHEMA: &str = "passerelle/1";

/// Where lines go: messages for people on standard error, results on standard output; with `--json` only one
/// object a line on standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) language: Language,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    /// The lines of this process: numbered together, however often the output is copied.
    stream: &'static Stream,
}

/// What all lines of a run have in common (MIG-OUT-01).
#[derive(Debug)]
struct Stream(Mutex<Written>);

#[derive(Debug)]
struct Written {
    run: String,
    lines: u64,
    ended: bool,
}

impl Output {
    /// The output of this process; made once.
    pub(crate) fn new(language: Language, json: bool, quiet: bool) -> Self {
        let written = Written {
            run: OsRandom.hex(8),
            lines: 0,
            ended: false,
        };
        Self {
            language,
            json,
            quiet,
            stream: Box::leak(Box::new(Stream(Mutex::new(written)))),
        }
    }

    /// A message for people.
    pub(crate) fn say(self, message: &Message) {
        if !self.json && !self.quiet {
            to_people(message.text(self.language));
        }
    }

    /// A result line for people.
    pub(crate) fn result(self, line: &str) {
        if !self.json {
            print(line);
        }
    }

    /// Something to look at that does not stop the command.
    pub(crate) fn warn(
        self,
        code: &'static str,
        message: impl Into<Text>,
        remedy: impl Into<Text>,
    ) {
        let (message, remedy) = (message.into().text(self.language), remedy.into());
        let shown = remedy.text(self.language);
        self.object(
            &json!({ "type": "warning", "code": code, "message": message, "remedy": shown }),
        );
        if !self.json {
            to_people(Message::Warning { text: message }.text(self.language));
            self.remedy(&remedy);
        }
    }

    /// The way out, for people.
    pub(crate) fn remedy(self, remedy: &Text) {
        if !self.json && !remedy.is_empty() {
            let command = remedy.text(self.language);
            to_people(Message::Remedy { command }.text(self.language));
        }
    }

    /// An object for programs. One of type `result` is the last: it gets the members that every last line has,
    /// and what else it holds is its summary.
    pub(crate) fn object(self, object: &Value) {
        if !self.json {
            return;
        }
        let Value::Object(members) = object else {
            return;
        };
        let is_result = members.get("type").is_some_and(|kind| kind == "result");
        let members = if is_result {
            result(members)
        } else {
            members.clone()
        };
        let mut written = self.written();
        written.lines += 1;
        written.ended |= is_result;
        let mut line = Map::new();
        line.insert("schema".into(), json!(SCHEMA));
        line.insert(
            "ts".into(),
            json!(SystemClock.now().to_rfc3339_opts(MILLIS, true)),
        );
        line.insert("run".into(), json!(written.run));
        line.insert("seq".into(), json!(written.lines));
        line.extend(members);
        print(Value::Object(line));
    }

    /// The last line, with what the command found or made.
    pub(crate) fn end(self, code: ExitCode, status: &str, summary: &Value) {
        self.object(&json!({
            "type": "result", "exit_code": code as u8, "status": status, "summary": summary,
        }));
    }

    /// Makes sure that there is a last line.
    pub(crate) fn conclude(self, code: ExitCode) -> ExitCode {
        let ended = self.written().ended;
        if !ended {
            self.end(code, code.name(), &json!({}));
        }
        code
    }

    /// Why a command failed, and its exit code.
    pub(crate) fn failure(self, failure: &Failure) -> ExitCode {
        let (sentence, remedy) = (
            failure.sentence.text(self.language),
            failure.remedy.text(self.language),
        );
        let mut object = json!({
            "type": "error", "code": failure.name, "exit_code": failure.code as u8, "message": sentence,
            "remedy": remedy,
        });
        if let Some(said) = &failure.database {
            object["database"] = said.members();
        }
        self.object(&object);
        self.object(&json!({
            "type": "result", "exit_code": failure.code as u8, "status": failure.code.name(),
            "summary": { "error": failure.name }, "next": remedy,
        }));
        if !self.json {
            to_people(format_args!("passerelle: {sentence}"));
            for line in failure.database.iter().flat_map(|said| said.lines()) {
                to_people(line);
            }
            self.remedy(&failure.remedy);
        }
        failure.code
    }

    fn written(self) -> std::sync::MutexGuard<'static, Written> {
        self.stream.0.lock().expect("never held across a panic")
    }
}

const MILLIS: chrono::SecondsFormat = chrono::SecondsFormat::Millis;

/// A last line in its agreed form.
fn result(members: &Map<String, Value>) -> Map<String, Value> {
    const AGREED: [&str; 5] = ["type", "exit_code", "status", "summary", "next"];
    let code = members
        .get("exit_code")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    let known = i32::try_from(code).ok().and_then(ExitCode::of_number);
    let status = known.map_or("failed", ExitCode::name);
    let mut summary = match members.get("summary") {
        Some(Value::Object(summary)) => summary.clone(),
        Some(Value::Null) | None => Map::new(),
        Some(other) => Map::from_iter([("text".to_owned(), other.clone())]),
    };
    let rest = members
        .iter()
        .filter(|(name, _)| !AGREED.contains(&name.as_str()));
    summary.extend(rest.map(|(name, value)| (name.clone(), value.clone())));
    let mut line = Map::new();
    line.insert("type".into(), json!("result"));
    line.insert("exit_code".into(), json!(code));
    line.insert(
        "status".into(),
        members
            .get("status")
            .cloned()
            .unwrap_or_else(|| json!(status)),
    );
    line.insert("summary".into(), Value::Object(summary));
    let next = members.get("next").filter(|next| *next != "").cloned();
    line.insert("next".into(), next.unwrap_or(Value::Null));
    line
}

fn to_people(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// One line on standard output at once. A reader that has left (`| head`) is no fault.
fn print(line: impl std::fmt::Display) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(value: Value) -> Value {
        let Value::Object(members) = value else {
            panic!("an object")
        };
        Value::Object(result(&members))
    }

    // MIG-OUT-01: the last line always has exit_code, status, summary and next.
    #[test]
    fn a_last_line_has_its_agreed_members_whatever_it_was_given() {
        assert_eq!(
            shaped(json!({ "type": "result", "exit_code": 8, "findings": 2 })),
            json!({
                "type": "result", "exit_code": 8, "status": "findings", "summary": { "findings": 2 }, "next": null,
            })
        );
        assert_eq!(
            shaped(
                json!({ "type": "result", "status": "stopped", "summary": { "a": 1 }, "next": "x", "b": 2 })
            ),
            json!({
                "type": "result", "exit_code": 0, "status": "stopped", "summary": { "a": 1, "b": 2 }, "next": "x",
            })
        );
    }
}
