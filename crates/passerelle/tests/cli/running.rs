//! `up`, `status` and `down` on one data folder.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::place::{Place, free_port, taken_port};

#[test]
fn status_and_down_say_that_nothing_runs() {
    let place = Place::new();
    let line = "nothing runs on <dir>/.passerelle\n";
    let status = place.run(&["status"]);
    assert_eq!(
        (status.code, status.out.as_str(), status.err.as_str()),
        (8, "", line)
    );
    let down = place.run(&["down"]);
    assert_eq!(
        (down.code, down.out.as_str(), down.err.as_str()),
        (0, "", line)
    );
    assert!(!place.exists(".passerelle"), "asking makes nothing");
}

#[test]
fn a_state_file_that_a_crash_left_does_not_count() {
    let place = Place::new();
    let text = json!({
        "pid": std::process::id(), "api_url": "http://127.0.0.1:1", "admin_address": null, "socket_dir": null,
        "socket_port": null, "database_port": null,
    });
    place.write(".passerelle/passerelle.json", &text.to_string());
    // The number was given to another program since.
    assert_eq!(place.run(&["status"]).code, 8);
    assert_eq!(place.run(&["down"]).code, 0);
    place.write(".passerelle/passerelle.json", "{\"pid\":");
    assert_eq!(place.run(&["status"]).code, 8);
}

#[test]
fn a_detached_stack_answers_and_leaves_no_process_behind() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let keys = place.read("supabase/.env");
    let port = free_port().to_string();
    let up = place.run(&["up", "--detach", "--json", "--port", &port]);
    assert_eq!(up.code, 0, "{}", up.out);
    let ready = up.last();
    let url = format!("http://127.0.0.1:{port}");
    assert_eq!(
        (&ready["status"], &ready["summary"]["api_url"]),
        (&json!("ready"), &json!(url))
    );
    let pid = &ready["summary"]["pid"];

    let status = place.run(&["status"]);
    assert_eq!((status.code, status.out.as_str()), (0, ""));
    assert_eq!(
        status.err,
        format!(
            "running as process {pid}, {url}\nauth       ready\nrest       ready\n\
             realtime   ready\nstorage    ready\nextensions ready\n"
        )
    );
    let object = place.run(&["status", "--json"]).last();
    let summary = &object["summary"];
    assert_eq!(
        (&object["status"], &summary["pid"], &summary["api_url"]),
        (&json!("ok"), pid, &json!(url))
    );

    let busy = format!(
        "passerelle: a stack runs on <dir>/.passerelle already (process {pid})\n\
         to mend it: passerelle status, or passerelle down\n"
    );
    for command in [&["up"][..], &["up", "--detach"], &["init"], &["demo"]] {
        let ran = place.run(&[command, &["--port", "0"]].concat());
        assert_eq!(
            (ran.code, ran.out.as_str(), &ran.err),
            (9, "", &busy),
            "{command:?}"
        );
    }
    assert!(
        place
            .processes()
            .iter()
            .any(|line| line.contains("postgres")),
        "{:?}",
        place.processes()
    );

    let down = place.run(&["down"]);
    assert_eq!(
        (down.code, down.out.as_str(), down.err.as_str()),
        (0, "", "stopping …\nstopped\n")
    );
    assert_eq!(place.processes(), Vec::<String>::new());
    assert!(!place.exists(".passerelle/passerelle.json"));
    assert_eq!(place.run(&["status"]).code, 8);
    assert_eq!(place.read("supabase/.env"), keys, "a start replaces no key");
    assert_eq!(place.mode_of(".passerelle") & 0o707, 0o700);
}

#[test]
fn a_detached_start_that_fails_ends_with_the_code_of_what_stopped_it() {
    let place = Place::new();
    let (listener, port) = taken_port();
    let api = port.to_string();
    let taken = place.run(&["up", "--detach", "--port", &api]);
    assert_eq!((taken.code, taken.out.as_str()), (3, ""));
    assert_eq!(
        taken.err,
        format!(
            "passerelle: port {port} of 127.0.0.1 is taken by another program\n\
             to mend it: see <dir>/.passerelle/console.log\n"
        )
    );
    drop(listener);
    let nobody = free_port();
    let url = format!("postgresql://ada@127.0.0.1:{nobody}/postgres");
    let unreachable = place.run(&[
        "up",
        "--detach",
        "--port",
        "0",
        "--database-url",
        &url,
        "--json",
    ]);
    let error = unreachable.objects().remove(0);
    assert_eq!((unreachable.code, &error["exit_code"]), (15, &json!(15)));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("cannot be reached as ada"),
        "{error}"
    );
}

/// The program in the foreground, up to its line that says it is ready.
fn foreground(place: &Place) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    let mut child = place
        .command(&["up", "--json", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    (child, out, ready)
}

#[test]
fn a_foreground_stack_ends_cleanly_by_a_signal_and_starts_again() {
    let place = Place::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (mut child, mut out, ready) = foreground(&place);
        assert_eq!(
            (&ready["phase"], &ready["pid"]),
            (&json!("ready"), &json!(child.id()))
        );
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
        assert_eq!(
            (&last["type"], &last["exit_code"], &last["status"]),
            (&json!("result"), &json!(0), &json!("stopped"))
        );
        assert_eq!((&last["run"], &last["seq"]), (&ready["run"], &json!(2)));
        assert_eq!(place.processes(), Vec::<String>::new());
    }
}

const INITIALISED: &str = "SUPABASE_URL: added\nSUPABASE_ANON_KEY: added\nSUPABASE_SERVICE_KEY: added\n\
    SUPABASE_JWT_SECRET: added\nSUPABASE_POSTGRES_PASSWORD: added\nNEXT_PUBLIC_SUPABASE_URL: added\n\
    NEXT_PUBLIC_SUPABASE_ANON_KEY: added\nkeys and database are ready\n";

#[test]
fn init_prepares_everything_and_leaves_nothing_running() {
    let place = Place::new();
    let (_listener, port) = taken_port();
    let ran = place.run(&["init", "--port", &port.to_string()]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (0, "", INITIALISED)
    );
    assert_eq!(place.processes(), Vec::<String>::new());
    assert!(place.exists(".passerelle/db") && !place.exists(".passerelle/passerelle.json"));
    // The project's keys, the application's variables, the database: one command.
    let keys = place.read("supabase/.env");
    let application = place.read(".env");
    assert!(application.contains(&place.variable("supabase/.env", "ANON_KEY")));
    assert_eq!(
        (
            place.mode_of(".env"),
            place.mode_of(".passerelle/logs/passerelle.log")
        ),
        (0o600, 0o600)
    );
    assert_eq!(place.run(&["init"]).code, 0);
    assert_eq!(
        (place.read("supabase/.env"), place.read(".env")),
        (keys, application)
    );
    assert_eq!(place.run(&["env", "check"]).code, 0);
}
