use std::fs;

use base::{Clock as _, SystemClock};

use super::*;

fn artefact(text: &str) -> Artefact {
    Artefact {
        path: "scripts/one.sh".into(),
        text: text.to_owned(),
        executable: true,
    }
}

// MIG-ART: a file that says something else stays, and is kept when it must go.
#[test]
fn no_file_is_lost() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let now = SystemClock.now();
    let path = dir.path().join("scripts/one.sh");
    let put = |text: &str, force: bool| {
        let all = write(&[artefact(text)], dir.path(), force, now).unwrap();
        all.into_iter().next().unwrap().outcome
    };
    assert_eq!(put("a\nb\nc\n", false), Outcome::Written);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(put("a\nb\nc\n", false), Outcome::Unchanged);
    let Outcome::Differs { diff } = put("a\nx\nc\n", false) else {
        panic!("it was there");
    };
    assert!(diff.ends_with("@@ -2,1 +2,1 @@\n-b\n+x\n"), "{diff}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "a\nb\nc\n");
    for text in ["a\nx\nc\n", "a\ny\nc\n"] {
        let before = fs::read_to_string(&path).unwrap();
        let Outcome::Replaced { kept, .. } = put(text, true) else {
            panic!("it was there");
        };
        assert!(kept.starts_with(dir.path().join(".passerelle/backup")));
        assert_eq!(fs::read_to_string(kept).unwrap(), before);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn the_old_database_s_service_is_found_by_its_image() {
    for (text, expected) in [
        (
            "services:\n  web:\n    image: nginx\n  db:\n    image: \"postgres:15-alpine\"\n",
            Some("db"),
        ),
        (
            "version: '3'\nservices:\n    store:\n        environment:\n            A: b\n        image: bitnami/postgresql\n",
            Some("store"),
        ),
        (
            "services:\n  postgres:\n    build: .\nvolumes:\n  x:\n    image: postgres\n",
            None,
        ),
        ("", None),
    ] {
        assert_eq!(legacy_service(text).as_deref(), expected, "{text}");
    }
}

// MIG-ART-06: keys by reference.
#[test]
fn compose_and_environment_name_keys_and_hold_none() {
    let options = Options {
        legacy_service: Some("db".to_owned()),
        ..Options::default()
    };
    let text = compose::overlay(&options).text;
    assert!(text.contains("\"8000:8000\"") && text.contains("healthcheck:"));
    assert!(
        text.contains("  db:\n    ports: !override\n      - \"5433:5432\"\n"),
        "{text}"
    );
    let text = compose::environment(&options).text;
    assert!(text.contains("SUPABASE_SERVICE_KEY=${SERVICE_ROLE_KEY}"));
    let public: Vec<&str> = text
        .lines()
        .filter(|it| it.starts_with("NEXT_PUBLIC"))
        .collect();
    assert!(
        public
            .iter()
            .all(|it| !it.contains("SERVICE") && !it.contains("SECRET"))
    );
}
