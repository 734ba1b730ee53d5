//! What stops a start, and that nothing half made stays behind.

use testkit::Postgres;

use crate::place::{Place, taken_port};

const DATABASE_REMEDY: &str =
    "passerelle up --database-url postgresql://user:password@host:5432/postgres";

#[test]
fn help_lists_every_command() {
    let place = Place::new();
    let ran = place.run(&["--help"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for command in [
        "up", "init", "down", "status", "logs", "doctor", "demo", "keys", "env", "config", "pg",
        "man",
    ] {
        assert!(
            ran.out.contains(&format!("\n  {command:<8}")),
            "{command}:\n{}",
            ran.out
        );
    }
    let version = place.run(&["--version"]);
    assert_eq!(
        (version.code, version.out),
        (0, format!("passerelle {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn an_unknown_flag_is_a_wrong_command_line() {
    let place = Place::new();
    let ran = place.run(&["--nope"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "error: unexpected argument '--nope' found\n\n\
         Usage: passerelle [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n"
    );
    let ran = place.run(&["up", "--port", "99999"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err
            .starts_with("error: invalid value '99999' for '--port <PORT>'"),
        "{}",
        ran.err
    );
}

#[test]
fn a_database_url_that_makes_no_sense_is_a_wrong_setting() {
    for (url, fault) in [
        ("nonsense", "a key=value pair lacks its ="),
        (
            "postgresql://ada@db.example:many/postgres",
            "port is not valid",
        ),
    ] {
        let place = Place::new();
        let ran = place.run(&["up", "--port", "0", "--database-url", url]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{url}");
        let expected = format!(
            "starting …\npasserelle: the connection string is not valid: {fault}\nto mend it: {DATABASE_REMEDY}\n"
        );
        assert_eq!(ran.err, expected);
    }
}

// MIG-SEC-01: no password is shown, and one in the arguments is warned of.
#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let place = Place::new();
    let (listener, port) = taken_port();
    drop(listener);
    let url = format!("postgresql://ada:precious@127.0.0.1:{port}/postgres");
    let ran = place.run(&["up", "--port", "0", "--database-url", &url]);
    assert_eq!((ran.code, ran.out.as_str()), (15, ""));
    assert!(
        ran.err.starts_with(
            "warning: the password in --database-url shows in the list of processes\n\
             to mend it: PASSERELLE_DATABASE_URL=… passerelle up\n\
             starting …\npasserelle: the database cannot be reached as ada: "
        ),
        "{}",
        ran.err
    );
    assert!(
        ran.err.ends_with(
            "\nto mend it: check the address, the login and the password in the database URL\n"
        ),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("precious"), "{}", ran.err);
    assert!(!place.exists(".passerelle/passerelle.json"));
}

#[tokio::test]
async fn an_administrator_without_rights_is_told_which_are_missing() {
    let database = Postgres::shared().database().await;
    let admin = database.connect().await;
    admin
        .batch_execute("create role cli_without_rights login")
        .await
        .unwrap();
    let place = Place::new();
    let (port, name) = (
        Postgres::shared().port(),
        database.admin().database().to_owned(),
    );
    let url = format!("postgresql://cli_without_rights@127.0.0.1:{port}/{name}");
    let ran = place.run(&["up", "--port", "0", "--database-url", &url]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.contains("cli_without_rights"), "{}", ran.err);
    assert!(
        ran.err.ends_with(
            "\nto mend it: log in as a superuser, or run: alter role \"cli_without_rights\" createrole createdb\n"
        ),
        "{}",
        ran.err
    );
    let schemas = "select count(*) from pg_namespace where nspname in ('auth', 'storage', 'realtime', 'passerelle')";
    assert_eq!(
        admin
            .query_one(schemas, &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        0,
        "nothing was made"
    );
}

#[test]
fn a_taken_port_is_named_and_nothing_half_made_stays() {
    let place = Place::new();
    let (_listener, port) = taken_port();
    let text = port.to_string();
    let ran = place.run(&["up", "--port", &text]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(
        ran.err,
        format!(
            "starting …\npasserelle: port {port} of 127.0.0.1 is taken by another program\n\
             to mend it: passerelle up --port {}\n",
            port.checked_add(1).unwrap_or(8000)
        )
    );
    let mut left: Vec<_> = std::fs::read_dir(place.path().join(".passerelle"))
        .unwrap()
        .flatten()
        .collect();
    left.sort_by_key(std::fs::DirEntry::file_name);
    let left: Vec<_> = left
        .iter()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["keys.env", "logs"], "no database, no state file");
    let keys = place.read(".passerelle/keys.env");
    assert_eq!(place.run(&["keys", "check"]).code, 0, "the keys are whole");
    assert_eq!(place.run(&["up", "--port", &text]).code, 3);
    assert_eq!(place.read(".passerelle/keys.env"), keys);
}

#[test]
fn a_data_folder_that_is_none_is_refused() {
    let place = Place::new();
    place.write("file", "");
    for (folder, shown, fault) in [
        ("file", "<dir>/file", "File exists (os error 17)"),
        (
            "file/below",
            "<dir>/file/below",
            "Not a directory (os error 20)",
        ),
        (
            "/proc/passerelle",
            "/proc/passerelle",
            "No such file or directory (os error 2)",
        ),
    ] {
        for command in [&["up"][..], &["init"], &["up", "--detach"]] {
            let ran = place.run(&[command, &["--data-dir", folder]].concat());
            assert_eq!(
                (ran.code, ran.out.as_str()),
                (3, ""),
                "{command:?} {folder}"
            );
            assert_eq!(
                ran.err,
                format!(
                    "passerelle: the data folder {shown} cannot be used: {fault}\n\
                     to mend it: check its owner and permissions, or choose another with --data-dir\n"
                )
            );
        }
    }
    let ran = place.run(&["keys", "generate", "--env-file", "file/keys.env"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(
        ran.err,
        "passerelle: <dir>/file/keys.env: Not a directory (os error 20)\n\
         to mend it: check the path and its permissions\n"
    );
}

#[test]
fn a_file_that_was_cut_off_is_named_with_its_line() {
    for (text, fault) in [
        ("A=1\nJWT_SECRET=abc\nSITE_U", "line 3 is not NAME=value"),
        (
            "A=1\nSITE_URL=\"http://loc",
            "line 2 opens a quote that never closes",
        ),
    ] {
        let place = Place::new();
        place.write(".env", text);
        for command in [
            &["up"][..],
            &["init"],
            &["keys", "generate"],
            &["status"],
            &["config", "check"],
        ] {
            let ran = place.run(command);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}");
            assert_eq!(
                ran.err,
                format!("passerelle: <dir>/.env: {fault}\nto mend it: passerelle config check\n")
            );
        }
        assert_eq!(place.read(".env"), text);
        assert!(!place.exists(".passerelle"));
    }
    let place = Place::new();
    let ran = place.run(&["--env-file", "nowhere.env", "up"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "passerelle: nowhere.env does not exist\nto mend it: check the path given with --env-file\n"
    );
}

#[test]
fn doctor_finds_what_stops_a_start() {
    let place = Place::new();
    let (_listener, port) = taken_port();
    place.run(&["keys", "generate"]);
    place.mode("supabase/.env", 0o644);
    let ran = place.finish(
        place
            .command(&["doctor"])
            .env("PASSERELLE_GATEWAY_PORT", port.to_string()),
    );
    assert_eq!(ran.code, 8);
    assert!(
        ran.out.contains(
            "keys_readable: <dir>/supabase/.env can be read by other users of this machine\n"
        ),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains(&format!("port_taken: port {port} cannot be listened on: ")),
        "{}",
        ran.out
    );
    assert!(
        ran.err
            .contains("to mend it: chmod 600 <dir>/supabase/.env\n"),
        "{}",
        ran.err
    );
}

// MIG-OUT-04: usage faults and help in French.
#[test]
fn the_command_line_is_refused_and_explained_in_french() {
    let place = Place::new();
    for (arguments, sentence) in [
        (&["--lang", "fr", "--nope"][..], "argument inattendu --nope"),
        (&["--lang=fr", "upp"], "il n’y a pas de commande upp"),
        (&["--lang", "fr", "keys", "mint"], "il manque --role <RÔLE>"),
        (
            &["--lang", "fr", "up", "--port", "99999"],
            "99999 n’est pas une valeur pour --port <PORT>",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert_eq!(
            ran.err,
            format!("passerelle: {sentence}\npour réparer : passerelle --help\n")
        );
    }
    let help = place.run(&["--lang", "fr", "keys", "generate", "--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for text in [
        "Créer ce qui manque aux secrets d’un projet",
        "Utilisation : passerelle keys generate [OPTIONS]",
        "Durée de vie des clés d’API, par exemple 5y ou 90d [par défaut : 10y]",
        "Afficher l’aide",
        "Exemples :\n  passerelle keys generate",
    ] {
        assert!(help.out.contains(text), "{text}\n{}", help.out);
    }
    let topic = place.run(&["--lang", "fr", "help", "logs"]);
    assert_eq!(topic.code, 0, "{}", topic.err);
    assert!(topic.out.contains("Montrer le journal"), "{}", topic.out);
}

// MIG-OUT-06: completions and a manual page for every command.
#[test]
fn completions_and_a_manual_page_are_made() {
    let place = Place::new();
    for (shell, mark) in [
        ("bash", "complete -F _passerelle"),
        ("zsh", "#compdef passerelle"),
        ("fish", "complete -c passerelle"),
    ] {
        let ran = place.run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(
            ran.out.contains(mark) && ran.out.contains("rotate"),
            "{shell}"
        );
    }
    for (language, title) in [("en", "Sign one token"), ("fr", "Signer un jeton")] {
        let manual = place.run(&["man", "--lang", language]);
        assert_eq!((manual.code, manual.err.as_str()), (0, ""));
        assert!(
            manual.out.contains(".TH passerelle") && manual.out.contains(title),
            "{}",
            manual.out
        );
    }
}
