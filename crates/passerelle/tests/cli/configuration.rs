//! `config check | explain`, languages, and `--json`.

use serde_json::{Value, json};

use crate::place::Place;

const WRONG: &str = "JWT_EXPIRY=abc\nKONG_HTTP_PORT=99999\nENABLE_EMAIL_AUTOCONFIRM=maybe\n";
const SENTENCE: &str = "gateway.port is not a whole number (<dir>/.env)\n\
                        auth.jwt_expiry is not a duration such as 30s, 15m or 1h30m (<dir>/.env)\n\
                        auth.email_autoconfirm is not true or false (<dir>/.env)";

#[test]
fn several_mistakes_are_reported_together() {
    let place = Place::new();
    place.write(".env", WRONG);
    for command in [&["config", "check"][..], &["up"], &["keys", "generate"]] {
        let ran = place.run(command);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}");
        assert_eq!(
            ran.err,
            format!("passerelle: {SENTENCE}\nto mend it: passerelle config check\n")
        );
    }
    assert!(
        !place.exists(".passerelle"),
        "nothing is written before the settings make sense"
    );
}

#[test]
fn good_settings_are_called_good() {
    let place = Place::new();
    let ran = place.run(&["config", "check"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (0, "", "every setting makes sense\n")
    );
}

// MIG-CFG-03: every value with its origin, secrets masked.
#[test]
fn explain_names_origins_and_masks_secrets() {
    let place = Place::new();
    place.write(
        "supabase/.env",
        "POSTGRES_PASSWORD=precious1\nJWT_SECRET=precious2\n",
    );
    place.write(".env", "JWT_EXPIRY=1800\n");
    let mut command = place.command(&["config", "explain"]);
    command.env(
        "PASSERELLE_DATABASE_URL",
        "postgresql://ada:precious3@db.example/postgres",
    );
    let ran = place.finish(&mut command);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(!ran.out.contains("precious"), "{}", ran.out);
    for (key, value, origin) in [
        ("database.url", "***", "environment"),
        ("database.password", "***", "<dir>/supabase/.env"),
        ("keys.jwt_secret", "***", "<dir>/supabase/.env"),
        ("auth.jwt_expiry", "1800", "<dir>/.env"),
        ("gateway.port", "8000", "default"),
    ] {
        let line = format!("{key:<40} {value:<40} {origin}");
        assert!(
            ran.out.lines().any(|found| found == line),
            "{line}\nis not in\n{}",
            ran.out
        );
    }
}

#[test]
fn messages_are_french_when_asked_for_or_when_the_locale_is() {
    let place = Place::new();
    let english = format!("nothing runs on {}\n", "<dir>/.passerelle");
    let french = format!("rien ne tourne sur {}\n", "<dir>/.passerelle");
    for (arguments, variables, expected) in [
        (&["status"][..], &[][..], &english),
        (&["status", "--lang", "fr"], &[], &french),
        (&["status"], &[("LANG", "fr_FR.UTF-8")], &french),
        (
            &["status"],
            &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")],
            &english,
        ),
        (
            &["--lang", "en", "status"],
            &[("LANG", "fr_FR.UTF-8")],
            &english,
        ),
    ] {
        let ran = place.finish(place.command(arguments).envs(variables.iter().copied()));
        assert_eq!(
            (ran.code, ran.out.as_str(), &ran.err),
            (8, "", expected),
            "{arguments:?} {variables:?}"
        );
    }
    place.write(".env", "SITE_URL");
    let ran = place.run(&["--lang", "fr", "config", "check"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .ends_with("pour réparer : passerelle config check\n"),
        "{}",
        ran.err
    );
}

// MIG-OUT-01: one object a line, nothing else, the last one with the exit code.
#[test]
fn with_json_every_command_ends_with_an_object_that_holds_the_exit_code() {
    let place = Place::new();
    // Nobody answers there.
    place.write(".env", "SUPABASE_PUBLIC_URL=http://127.0.0.1:1\n");
    for (arguments, code) in [
        (&["--json", "status"][..], 8),
        (&["--json", "down"], 0),
        (&["--json", "logs"], 3),
        (&["--json", "keys", "check"], 16),
        (&["--json", "keys", "generate"], 0),
        (&["--json", "keys", "generate", "--print-env"], 0),
        (&["--json", "keys", "show", "--show"], 16),
        (&["--json", "keys", "check"], 0),
        (&["--json", "keys", "mint", "--role", "anon"], 0),
        (&["--json", "keys", "rotate"], 0),
        (&["--json", "env", "sync"], 0),
        (&["--json", "env", "check"], 0),
        (&["--json", "config", "check"], 0),
        (&["--json", "config", "explain"], 0),
        (&["--json", "up", "--only", "mail"], 2),
        (&["--json", "--no-such-flag"], 2),
        (&["--json", "--env-file", "nowhere", "status"], 2),
    ] {
        let ran = place.run(arguments);
        assert_eq!(
            (ran.code, &ran.last()["exit_code"]),
            (code, &json!(code)),
            "{arguments:?}"
        );
    }
}

#[test]
fn with_json_an_error_holds_sentence_and_remedy() {
    let place = Place::new();
    place.write(".env", WRONG);
    let result = |code: i32, status: &str, error: &str, next: &str| {
        json!({
            "type": "result", "exit_code": code, "status": status, "summary": { "error": error }, "next": next,
        })
    };
    let expected: Value = json!({
        "type": "error", "code": "settings", "exit_code": 2, "message": SENTENCE, "remedy": "passerelle config check",
    });
    assert_eq!(
        place.run(&["config", "check", "--json"]).objects(),
        [
            expected,
            result(2, "usage", "settings", "passerelle config check")
        ]
    );
    let unknown = json!({
        "type": "error", "code": "usage", "exit_code": 2, "message": "unexpected argument '--nope' found",
        "remedy": "passerelle --help",
    });
    assert_eq!(
        place.run(&["--json", "--nope"]).objects(),
        [unknown, result(2, "usage", "usage", "passerelle --help")]
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_fault() {
    let place = Place::new();
    let mut command = place.command(&["config", "explain"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = command
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = ended.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

// MIG-CFG-01: the variables of an existing project are understood with exactly these names.
#[test]
fn the_names_of_an_existing_project_are_understood() {
    for (name, key) in [
        ("SUPABASE_URL", "gateway.public_url"),
        ("NEXT_PUBLIC_SUPABASE_URL", "gateway.public_url"),
        ("SUPABASE_ANON_KEY", "keys.anon_key"),
        ("ANON_KEY", "keys.anon_key"),
        ("SUPABASE_SERVICE_KEY", "keys.service_role_key"),
        ("SUPABASE_SERVICE_ROLE_KEY", "keys.service_role_key"),
        ("SERVICE_ROLE_KEY", "keys.service_role_key"),
        ("SUPABASE_JWT_SECRET", "keys.jwt_secret"),
        ("JWT_SECRET", "keys.jwt_secret"),
        ("SUPABASE_POSTGRES_PASSWORD", "database.password"),
    ] {
        let place = Place::new();
        place.write("supabase/.env", &format!("{name}=some-value\n"));
        let objects = place.run(&["config", "explain", "--json"]).objects();
        let setting = objects.iter().find(|object| object["key"] == key).unwrap();
        let origin = setting["origin"].as_str().unwrap();
        assert_eq!(origin, "<dir>/supabase/.env", "{name}");
    }
}

// MIG-CFG-03: flag, environment, passerelle.toml, .env, supabase/.env, default: the first that says something counts.
#[test]
fn the_strongest_layer_counts() {
    let place = Place::new();
    let shown = |arguments: &[&str], environment: &[(&str, &str)]| {
        let arguments = [&["config", "explain", "--json"], arguments].concat();
        let ran = place.finish(place.command(&arguments).envs(environment.iter().copied()));
        let objects = ran.objects();
        let setting = objects
            .iter()
            .find(|object| object["key"] == "log.level")
            .unwrap();
        setting["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown(&[], &[]), "info");
    place.write("supabase/.env", "PASSERELLE_LOG=one\n");
    assert_eq!(shown(&[], &[]), "one");
    place.write(".env", "PASSERELLE_LOG=two\n");
    assert_eq!(shown(&[], &[]), "two");
    place.write("passerelle.toml", "log.level = 'three'\n");
    assert_eq!(shown(&[], &[]), "three");
    place.write("other.toml", "log.level = 'other'\n");
    assert_eq!(shown(&["--config", "other.toml"], &[]), "other");
    assert_eq!(shown(&[], &[("RUST_LOG", "four")]), "four");
    assert_eq!(
        shown(&["--log-level", "five"], &[("RUST_LOG", "four")]),
        "five"
    );
}
