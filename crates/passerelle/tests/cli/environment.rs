//! `env sync`: the application's `.env`.

use crate::place::Place;

const KEYS: &str = "supabase/.env";

fn changes(kinds: [&str; 7]) -> String {
    let names = [
        "SUPABASE_URL",
        "SUPABASE_ANON_KEY",
        "SUPABASE_SERVICE_KEY",
        "SUPABASE_JWT_SECRET",
        "SUPABASE_POSTGRES_PASSWORD",
        "NEXT_PUBLIC_SUPABASE_URL",
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
    ];
    let lines = names.iter().zip(kinds);
    lines.fold(String::new(), |text, (name, kind)| {
        text + name + ": " + kind + "\n"
    })
}

// MIG-CFG-02: the seven variables, each change said, every other byte kept.
#[test]
fn sync_fills_the_seven_variables_and_keeps_every_other_byte() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let before = "# app\nSUPABASE_ANON_KEY=stale\nFOO = 'a  b' # why\n\nexport ODD=\"x\\ny\"\n";
    place.write("app.env", before);
    let ran = place.run(&["env", "sync", "--into", "app.env"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(
        ran.err,
        changes([
            "added", "updated", "added", "added", "added", "added", "added"
        ])
    );
    let (anon, service) = (
        place.variable(KEYS, "ANON_KEY"),
        place.variable(KEYS, "SERVICE_ROLE_KEY"),
    );
    let (secret, password) = (
        place.variable(KEYS, "JWT_SECRET"),
        place.variable(KEYS, "POSTGRES_PASSWORD"),
    );
    let after = format!(
        "# app\nSUPABASE_ANON_KEY={anon}\nFOO = 'a  b' # why\n\nexport ODD=\"x\\ny\"\n\
         SUPABASE_URL=http://localhost:8000\nSUPABASE_SERVICE_KEY={service}\nSUPABASE_JWT_SECRET={secret}\n\
         SUPABASE_POSTGRES_PASSWORD={password}\nNEXT_PUBLIC_SUPABASE_URL=http://localhost:8000\n\
         NEXT_PUBLIC_SUPABASE_ANON_KEY={anon}\n"
    );
    assert_eq!(place.read("app.env"), after);
    let again = place.run(&["env", "sync", "--into", "app.env"]);
    assert_eq!((again.code, again.err), (0, changes(["unchanged"; 7])));
    assert_eq!(place.read("app.env"), after);
    assert_eq!(place.mode_of("app.env"), 0o600);
}

// MIG-CFG-02: line ends of another system are bytes like others.
#[test]
fn sync_keeps_the_line_ends_of_a_file_from_windows() {
    let place = Place::new();
    place.write("app.env", "# app\r\nSUPABASE_URL=http://old\r\nFOO=bar\r\n");
    assert_eq!(place.run(&["env", "sync", "--into", "app.env"]).code, 0);
    let after = place.read("app.env");
    assert!(
        after.starts_with(
            "# app\r\nSUPABASE_URL=http://localhost:8000\r\nFOO=bar\r\nSUPABASE_ANON_KEY="
        ),
        "{after}"
    );
    assert_eq!(
        after.matches('\n').count(),
        after.matches("\r\n").count(),
        "{after:?}"
    );
}

// MIG-CFG-02: nothing that browsers see may hold a secret; the file stays as it is.
#[test]
fn sync_refuses_a_secret_that_browsers_would_see() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let leaks = [
        ("NEXT_PUBLIC_SUPABASE_SERVICE_KEY", "SERVICE_ROLE_KEY"),
        ("VITE_SUPABASE_KEY", "SERVICE_ROLE_KEY"),
        ("REACT_APP_SECRET", "JWT_SECRET"),
        ("PUBLIC_SECRET", "JWT_SECRET"),
        ("EXPO_PUBLIC_KEY", "SERVICE_ROLE_KEY"),
        ("NEXT_PUBLIC_PASSWORD", "POSTGRES_PASSWORD"),
    ];
    for (name, secret) in leaks {
        let text = format!("FOO=bar\n{name}=\"{}\"\n", place.variable(KEYS, secret));
        place.write("app.env", &text);
        let ran = place.run(&["env", "sync", "--into", "app.env"]);
        assert_eq!((ran.code, ran.out.as_str()), (16, ""), "{name}");
        assert_eq!(
            ran.err,
            format!(
                "passerelle: {name} holds a secret, and browsers see it\n\
                 to mend it: remove {name} from the file, and make new keys if it was ever published\n"
            )
        );
        assert_eq!(place.read("app.env"), text);
    }
    // The public key is public.
    place.write(
        "app.env",
        &format!("VITE_KEY={}\n", place.variable(KEYS, "ANON_KEY")),
    );
    assert_eq!(place.run(&["env", "sync", "--into", "app.env"]).code, 0);
}

#[test]
fn sync_refuses_a_file_that_others_can_read() {
    let place = Place::new();
    place.write("app.env", "FOO=bar\n");
    place.mode("app.env", 0o644);
    let ran = place.run(&["env", "sync", "--into", "app.env"]);
    assert_eq!((ran.code, ran.out.as_str()), (16, ""));
    assert_eq!(
        ran.err,
        "passerelle: app.env can be read by other users of this machine\nto mend it: chmod 600 app.env\n"
    );
    assert_eq!(place.read("app.env"), "FOO=bar\n");
}

#[test]
fn sync_names_the_line_of_a_file_that_was_cut_off() {
    let place = Place::new();
    place.write("app.env", "FOO=bar\nSUPABASE_U");
    let ran = place.run(&["env", "sync", "--into", "app.env"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "passerelle: app.env: line 2 is not NAME=value\nto mend it: mend that line\n"
    );
}
