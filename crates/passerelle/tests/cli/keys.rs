//! `keys generate | check | show | mint`.

use jwt::{Keys, TimeRules, Verifier};

use crate::place::Place;

const FILE: &str = ".passerelle/keys.env";
const SHARED: &str = "supabase/.env";
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF";
const NAMES: [&str; 7] = [
    "JWT_SECRET",
    "ANON_KEY",
    "SERVICE_ROLE_KEY",
    "POSTGRES_PASSWORD",
    "DASHBOARD_PASSWORD",
    "SECRET_KEY_BASE",
    "VAULT_ENC_KEY",
];

fn claims(secret: &str, key: &str) -> jwt::Claims {
    let verifier = Verifier::new(
        Keys::from_secret(secret).unwrap(),
        std::sync::Arc::new(base::SystemClock),
    );
    verifier.verify(key, TimeRules::STRICT).unwrap()
}

// MIG-KEY-01, MIG-KEY-02, MIG-KEY-03, MIG-KEY-05: what is made, its alphabet, its signature, its permissions.
#[test]
fn generate_makes_a_whole_set_that_only_its_owner_reads() {
    let place = Place::new();
    let ran = place.run(&["keys", "generate"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (0, "7 secrets made in <dir>/.passerelle/keys.env\n")
    );
    assert_eq!(
        (place.mode_of(FILE), place.mode_of(".passerelle")),
        (0o600, 0o700)
    );
    let secret = place.variable(FILE, "JWT_SECRET");
    let password = place.variable(FILE, "POSTGRES_PASSWORD");
    assert_eq!(
        (
            secret.len(),
            password.len(),
            place.variable(FILE, "VAULT_ENC_KEY").len()
        ),
        (64, 32, 32)
    );
    assert!(
        secret
            .chars()
            .chain(password.chars())
            .all(|c| c.is_ascii_alphanumeric())
    );
    for (name, role) in [("ANON_KEY", "anon"), ("SERVICE_ROLE_KEY", "service_role")] {
        let claims = claims(&secret, &place.variable(FILE, name));
        assert_eq!(claims.role(), Some(role));
        let (issued, expires) = (
            claims.seconds("iat").unwrap(),
            claims.seconds("exp").unwrap(),
        );
        assert_eq!(expires - issued, 10 * 365 * 86_400);
    }
    let left: Vec<_> = std::fs::read_dir(place.path().join(".passerelle"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "no temporary file stays: {left:?}");
}

// MIG-KEY-06: a secret is named by length and fingerprint, and its value is nowhere.
#[test]
fn values_are_never_printed_unless_they_are_forced() {
    let place = Place::new();
    let made = place.run(&["keys", "generate"]);
    let shown = place.run(&["keys", "show"]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    let values = NAMES.map(|name| place.variable(FILE, name));
    for (name, value) in NAMES.iter().zip(&values) {
        for ran in [&made, &shown] {
            assert!(
                !format!("{}{}", ran.out, ran.err).contains(value.as_str()),
                "{name} is printed"
            );
        }
        assert!(
            made.out
                .contains(&format!("{name:<20} {:>4} characters  ", value.len())),
            "{}",
            made.out
        );
    }
    for arguments in [
        &["keys", "show", "--show"][..],
        &["keys", "generate", "--show"],
    ] {
        let refused = place.run(arguments);
        assert_eq!((refused.code, refused.out.as_str()), (16, ""));
        assert_eq!(
            refused.err,
            "passerelle: secrets are printed to a terminal only; --force-show prints them all the same\n\
             to mend it: --force-show\n"
        );
    }
    let forced = place.run(&["keys", "show", "--force-show"]);
    assert_eq!(
        (forced.code, forced.err.as_str()),
        (0, "the following lines are secret\n")
    );
    assert!(forced.out.contains(&values[0]));
}

// MIG-KEY-06: a refused --show has not made anything on the way.
#[test]
fn generate_with_show_refused_makes_nothing() {
    let place = Place::new();
    assert_eq!(place.run(&["keys", "generate", "--show"]).code, 16);
    assert!(!place.exists(".passerelle"));
}

// MIG-KEY-04: a complete set stays byte for byte.
#[test]
fn generate_twice_changes_nothing_the_second_time() {
    let place = Place::new();
    let first = place.run(&["keys", "generate"]);
    let before = place.read(FILE);
    let second = place.run(&["keys", "generate"]);
    assert_eq!((second.code, &second.out), (0, &first.out));
    assert_eq!(
        second.err,
        "<dir>/.passerelle/keys.env holds a complete set already; nothing was changed\n"
    );
    assert_eq!(place.read(FILE), before);
}

// MIG-KEY-04, MIG-KEY-05: an existing secret signs what is missing; comments, order and odd lines stay.
#[test]
fn generate_signs_only_the_missing_keys_with_an_existing_secret() {
    let place = Place::new();
    let before = format!("# mine\nFOO=\"bar baz\" # why\nJWT_SECRET={SECRET}\n\n  ODD = 1\n");
    place.write(SHARED, &before);
    let first = place.run(&["keys", "generate", "--expires", "5y"]);
    assert_eq!(
        (first.code, first.err.as_str()),
        (0, "6 secrets made in <dir>/supabase/.env\n")
    );
    let after = place.read(SHARED);
    assert!(after.starts_with(&before), "{after}");
    let anon = place.variable(SHARED, "ANON_KEY");
    let claims = claims(SECRET, &anon);
    assert_eq!(
        claims.seconds("exp").unwrap() - claims.seconds("iat").unwrap(),
        5 * 365 * 86_400
    );
    assert!(
        !place.exists(".passerelle"),
        "the keys lie in one place only"
    );

    // One key is taken away: only that one comes back.
    let without: String = after
        .lines()
        .filter(|line| !line.starts_with("SERVICE_ROLE_KEY="))
        .fold(String::new(), |text, line| text + line + "\n");
    place.write(SHARED, &without);
    let second = place.run(&["keys", "generate"]);
    assert_eq!(
        (second.code, second.err.as_str()),
        (0, "1 secrets made in <dir>/supabase/.env\n")
    );
    assert!(place.read(SHARED).starts_with(&without));
    assert_eq!(place.variable(SHARED, "ANON_KEY"), anon);
}

// MIG-KEY-05: a file that others can read is refused with the command that mends it.
#[test]
fn a_file_that_others_can_read_is_refused_until_it_is_private() {
    let place = Place::new();
    let text = format!("JWT_SECRET={SECRET}\n");
    place.write(SHARED, &text);
    for mode in [0o640, 0o604] {
        place.mode(SHARED, mode);
        for arguments in [&["keys", "generate"][..], &["keys", "check"], &["up"]] {
            let ran = place.run(arguments);
            assert_eq!((ran.code, ran.out.as_str()), (16, ""), "{arguments:?}");
            assert_eq!(
                ran.err,
                "passerelle: <dir>/supabase/.env can be read by other users of this machine\n\
                 to mend it: chmod 600 <dir>/supabase/.env\n"
            );
        }
    }
    assert_eq!(place.read(SHARED), text);
    assert_eq!(
        place.run(&["keys", "generate", "--fix-permissions"]).code,
        0
    );
    assert_eq!(place.mode_of(SHARED), 0o600);
}

// MIG-KEY-07: the public key in clear, the secret ones by reference.
#[test]
fn the_block_to_paste_holds_no_secret() {
    let place = Place::new();
    let ran = place.run(&["keys", "generate", "--print-env"]);
    let anon = place.variable(FILE, "ANON_KEY");
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        format!(
            "# Supabase Configuration\nSUPABASE_URL=http://localhost:8000\nSUPABASE_ANON_KEY={anon}\n\
             SUPABASE_SERVICE_KEY=${{SERVICE_ROLE_KEY}}\nSUPABASE_JWT_SECRET=${{JWT_SECRET}}\n\
             SUPABASE_POSTGRES_PASSWORD=${{POSTGRES_PASSWORD}}\n# Frontend Supabase\n\
             NEXT_PUBLIC_SUPABASE_URL=http://localhost:8000\nNEXT_PUBLIC_SUPABASE_ANON_KEY={anon}\n"
        )
    );
}

// MIG-KEY-08: a set that fits.
#[test]
fn check_says_that_a_good_set_fits() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let ran = place.run(&["keys", "check"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (0, "", "secret and keys fit together\n")
    );
}

// MIG-KEY-08, GW-ENV-21: keys of another secret stop `keys check` and `up`, all mistakes in one message.
#[test]
fn keys_of_another_secret_are_refused_together() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let text = place
        .read(FILE)
        .replace(&place.variable(FILE, "JWT_SECRET"), SECRET);
    let text = text.replace(&place.variable(FILE, "VAULT_ENC_KEY"), "short");
    place.write(FILE, &text);
    let sentence = "passerelle: ANON_KEY was not signed with JWT_SECRET; \
                    SERVICE_ROLE_KEY was not signed with JWT_SECRET; \
                    VAULT_ENC_KEY has 5 characters; 32 are needed\n";
    for (command, remedy) in [
        (
            &["keys", "check"][..],
            "remove the keys that do not fit from the file, then passerelle keys generate",
        ),
        (&["up"], "passerelle keys check"),
    ] {
        let ran = place.run(command);
        assert_eq!((ran.code, ran.out.as_str()), (16, ""), "{command:?}");
        assert_eq!(ran.err, format!("{sentence}to mend it: {remedy}\n"));
    }
    assert_eq!(place.read(FILE), text, "nothing is replaced");
}

// GW-ENV-21: a secret that is too short.
#[test]
fn a_short_secret_is_refused() {
    let place = Place::new();
    place.write(FILE, "JWT_SECRET=short\n");
    for arguments in [&["up"][..], &["keys", "generate"]] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (16, ""), "{arguments:?}");
        assert_eq!(
            ran.err,
            "passerelle: the JWT secret has 5 bytes; at least 32 are needed\n\
             to mend it: remove JWT_SECRET from the file to have a new one made\n"
        );
    }
    assert_eq!(place.read(FILE), "JWT_SECRET=short\n");
}

#[test]
fn check_without_any_key_names_the_command_that_makes_them() {
    let place = Place::new();
    let ran = place.run(&["keys", "check"]);
    assert_eq!((ran.code, ran.out.as_str()), (16, ""));
    assert_eq!(
        ran.err,
        "passerelle: no JWT secret is configured\nto mend it: passerelle keys generate\n"
    );
    let ran = place.run(&["keys", "show"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(
        ran.err,
        "passerelle: <dir>/.passerelle/keys.env holds no keys\nto mend it: passerelle keys generate\n"
    );
}

#[test]
fn mint_signs_one_token() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let ran = place.run(&[
        "keys",
        "mint",
        "--role",
        "authenticated",
        "--sub",
        "ada",
        "--ttl",
        "90d",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let claims = claims(&place.variable(FILE, "JWT_SECRET"), ran.out.trim_end());
    assert_eq!(claims.role(), Some("authenticated"));
    assert_eq!(
        claims.seconds("exp").unwrap() - claims.seconds("iat").unwrap(),
        90 * 86_400
    );
    let refused = place.run(&["keys", "mint", "--role", "anon", "--ttl", "soon"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert_eq!(
        refused.err,
        "passerelle: soon is not a lifetime\nto mend it: such as 10y, 90d or 1h\n"
    );
}

// MIG-KEY-04: a set that does not fit together is not called complete, and nothing of it is replaced.
#[test]
fn generate_does_not_call_a_set_complete_that_does_not_fit() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let text = place
        .read(FILE)
        .replace(&place.variable(FILE, "JWT_SECRET"), SECRET);
    place.write(FILE, &text);
    let ran = place.run(&["keys", "generate"]);
    assert_eq!((ran.code, ran.out.as_str()), (16, ""));
    assert_eq!(
        ran.err,
        "passerelle: ANON_KEY was not signed with JWT_SECRET; SERVICE_ROLE_KEY was not signed with JWT_SECRET\n\
         to mend it: remove the keys that do not fit from the file, then passerelle keys generate\n"
    );
    assert_eq!(place.read(FILE), text);
}
