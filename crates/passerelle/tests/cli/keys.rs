//! `keys generate | check | show | mint`.

use jwt::{Keys, TimeRules, Verifier};

use crate::place::Place;

const FILE: &str = "supabase/.env";
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF";
const NAMES: [&str; 14] = [
    "JWT_SECRET",
    "ANON_KEY",
    "SERVICE_ROLE_KEY",
    "POSTGRES_PASSWORD",
    "DASHBOARD_PASSWORD",
    "SECRET_KEY_BASE",
    "VAULT_ENC_KEY",
    "REALTIME_DB_ENC_KEY",
    "PG_META_CRYPTO_KEY",
    "LOGFLARE_PUBLIC_ACCESS_TOKEN",
    "LOGFLARE_PRIVATE_ACCESS_TOKEN",
    "S3_PROTOCOL_ACCESS_KEY_ID",
    "S3_PROTOCOL_ACCESS_KEY_SECRET",
    "MINIO_ROOT_PASSWORD",
];

fn claims(secret: &str, key: &str) -> jwt::Claims {
    let verifier = Verifier::new(
        Keys::from_secret(secret).unwrap(),
        std::sync::Arc::new(base::SystemClock),
    );
    verifier.verify(key, TimeRules::STRICT).unwrap()
}

// MIG-KEY-01, MIG-KEY-02, MIG-KEY-03, MIG-KEY-05, GW-GEN-01, GW-GEN-02, GW-GEN-04: what is made, its alphabet, its signature, its permissions.
#[test]
fn generate_makes_a_whole_set_that_only_its_owner_reads() {
    let place = Place::new();
    let ran = place.run(&["keys", "generate"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (0, "14 secrets made in <dir>/supabase/.env\n")
    );
    assert_eq!(
        (place.mode_of(FILE), place.mode_of("supabase")),
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
        assert_eq!(claims.text("iss"), Some("supabase"));
        assert_eq!(claims.members().len(), 4, "role, iss, iat and exp only");
    }
    let left: Vec<_> = std::fs::read_dir(place.path().join("supabase"))
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
                .contains(&format!("{name:<30} {:>4} characters  ", value.len())),
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
    // GW-GEN-04: the whole set, as lines of `.env`.
    let lines: Vec<_> = forced.out.lines().map(str::to_owned).collect();
    let expected = NAMES
        .iter()
        .zip(&values)
        .map(|(name, value)| format!("{name}={value}"));
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

// MIG-KEY-06: a refused --show has not made anything on the way.
#[test]
fn generate_with_show_refused_makes_nothing() {
    let place = Place::new();
    assert_eq!(place.run(&["keys", "generate", "--show"]).code, 16);
    assert!(!place.exists("supabase"));
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
        "<dir>/supabase/.env holds a complete set already; nothing was changed\n"
    );
    assert_eq!(place.read(FILE), before);
}

// MIG-KEY-04, MIG-KEY-05: an existing secret signs what is missing; comments, order and odd lines stay.
#[test]
fn generate_signs_only_the_missing_keys_with_an_existing_secret() {
    let place = Place::new();
    let before = format!("# mine\nFOO=\"bar baz\" # why\nJWT_SECRET={SECRET}\n\n  ODD = 1\n");
    place.write(FILE, &before);
    let first = place.run(&["keys", "generate", "--expires", "5y"]);
    assert_eq!(
        (first.code, first.err.as_str()),
        (0, "13 secrets made in <dir>/supabase/.env\n")
    );
    let after = place.read(FILE);
    assert!(after.starts_with(&before), "{after}");
    let anon = place.variable(FILE, "ANON_KEY");
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
    place.write(FILE, &without);
    let second = place.run(&["keys", "generate"]);
    assert_eq!(
        (second.code, second.err.as_str()),
        (0, "1 secrets made in <dir>/supabase/.env\n")
    );
    assert!(place.read(FILE).starts_with(&without));
    assert_eq!(place.variable(FILE, "ANON_KEY"), anon);
}

// MIG-KEY-05: a file that others can read is refused with the command that mends it.
#[test]
fn a_file_that_others_can_read_is_refused_until_it_is_private() {
    let place = Place::new();
    let text = format!("JWT_SECRET={SECRET}\n");
    place.write(FILE, &text);
    for mode in [0o640, 0o604] {
        place.mode(FILE, mode);
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
    assert_eq!(place.read(FILE), text);
    assert_eq!(
        place.run(&["keys", "generate", "--fix-permissions"]).code,
        0
    );
    assert_eq!(place.mode_of(FILE), 0o600);
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
    let ran = place.run(&["up"]);
    assert_eq!((ran.code, ran.out.as_str()), (16, ""));
    assert_eq!(
        ran.err,
        "passerelle: ANON_KEY was not signed with JWT_SECRET; SERVICE_ROLE_KEY was not signed with JWT_SECRET; \
         VAULT_ENC_KEY has 5 characters; 32 are needed\nto mend it: passerelle keys check\n"
    );
    let ran = place.run(&["keys", "check"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            8,
            "keys_do_not_fit: <dir>/supabase/.env: ANON_KEY was not signed with JWT_SECRET\n\
             keys_do_not_fit: <dir>/supabase/.env: SERVICE_ROLE_KEY was not signed with JWT_SECRET\n\
             keys_do_not_fit: <dir>/supabase/.env: VAULT_ENC_KEY has 5 characters; 32 are needed\n"
        )
    );
    let remedy = "to mend it: remove the keys that do not fit from the file, then passerelle keys generate\n";
    assert_eq!(ran.err, remedy.repeat(3));
    assert_eq!(place.read(FILE), text, "nothing is replaced");
}

// GW-ENV-21: a secret that is too short.
#[test]
fn a_short_secret_is_refused() {
    let place = Place::new();
    place.write(FILE, "JWT_SECRET=short\n");
    for (arguments, remedy) in [
        (&["up"][..], "passerelle keys check"),
        (
            &["keys", "generate"],
            "remove JWT_SECRET from the file to have a new one made",
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (16, ""), "{arguments:?}");
        assert_eq!(
            ran.err,
            format!(
                "passerelle: the JWT secret has 5 bytes; at least 32 are needed\nto mend it: {remedy}\n"
            )
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

// MIG-KEY-01: `--env-file` names the file, which need not be there yet.
#[test]
fn the_keys_lie_where_env_file_says() {
    let place = Place::new();
    let ran = place.run(&["keys", "generate", "--env-file", "deep/er/my.env"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (0, "14 secrets made in <dir>/deep/er/my.env\n")
    );
    assert_eq!(
        (place.mode_of("deep/er/my.env"), place.mode_of("deep/er")),
        (0o600, 0o700)
    );
    assert!(!place.exists("supabase") && !place.exists(".passerelle"));
    let check = place.run(&["keys", "check", "--env-file", "deep/er/my.env"]);
    assert_eq!(
        (check.code, check.err.as_str()),
        (0, "secret and keys fit together\n")
    );
    let show = place.run(&["keys", "show", "--env-file", "deep/er/my.env"]);
    assert_eq!(show.out.lines().count(), 14);
}

// GW-GEN-04: one token, its end as a lifetime or as a time.
#[test]
fn mint_takes_the_end_as_a_lifetime_or_as_a_time() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let secret = place.variable(FILE, "JWT_SECRET");
    let ran = place.run(&[
        "keys",
        "mint",
        "--role",
        "anon",
        "--exp",
        "2100-01-01T00:00:00Z",
    ]);
    assert_eq!(
        claims(&secret, ran.out.trim_end()).seconds("exp"),
        Some(4_102_444_800)
    );
    let ran = place.run(&["keys", "mint", "--role", "anon", "--exp", "2h", "--json"]);
    let last = ran.last();
    let claims = claims(&secret, last["summary"]["token"].as_str().unwrap());
    assert_eq!(
        claims.seconds("exp").unwrap() - claims.seconds("iat").unwrap(),
        7_200
    );
    assert_eq!(claims.subject(), None);
}

fn older(place: &Place, lifetime: i64) {
    let keys = Keys::from_secret(&place.variable(FILE, "JWT_SECRET")).unwrap();
    let now = base::Clock::unix(&base::SystemClock);
    let key = jwt::ApiKeys::mint(&keys, jwt::ApiKeyClass::Anon, now, lifetime).unwrap();
    let text = place
        .read(FILE)
        .replace(&place.variable(FILE, "ANON_KEY"), key.expose());
    place.write(FILE, &text);
}

// MIG-KEY-08: 90 days ahead a key is warned of; the set still fits.
#[test]
fn check_warns_of_keys_that_end_within_ninety_days() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    older(&place, 89 * 86_400 + 60);
    let ran = place.run(&["keys", "check"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            0,
            "warning: ANON_KEY expires in 89 days\nto mend it: passerelle keys rotate --api-keys-only\n\
             secret and keys fit together\n"
        )
    );
    let objects = place.run(&["keys", "check", "--json"]).objects();
    assert_eq!(
        (&objects[0]["type"], &objects[0]["code"]),
        (&"warning".into(), &"key_expires".into())
    );
    older(&place, 91 * 86_400);
    assert_eq!(
        place.run(&["keys", "check"]).err,
        "secret and keys fit together\n"
    );
}

// MIG-KEY-08: a copy elsewhere that is not the one in use, by file, variable and fix.
#[test]
fn check_finds_stale_copies_in_other_files() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let (anon, secret) = (
        place.variable(FILE, "ANON_KEY"),
        place.variable(FILE, "JWT_SECRET"),
    );
    place.write(
        ".env",
        &format!("SUPABASE_ANON_KEY={anon}\nSUPABASE_JWT_SECRET={secret}\nNEXT_PUBLIC_SUPABASE_ANON_KEY=stale\n"),
    );
    let ran = place.run(&["keys", "check"]);
    let (stale, used) = (base::Secret::new("stale"), base::Secret::new(anon));
    assert_eq!(
        (ran.code, ran.out),
        (
            8,
            format!(
                "stale_copy: <dir>/.env: NEXT_PUBLIC_SUPABASE_ANON_KEY ({}) is not the one in use ({})\n",
                stale.fingerprint(),
                used.fingerprint()
            )
        )
    );
    assert_eq!(
        ran.err,
        "to mend it: passerelle env sync --into <dir>/.env\n"
    );
}

// MIG-KEY-08: a server that is configured and silent is said not to have been asked.
#[test]
fn check_says_when_the_server_cannot_be_asked() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    place.write(".env", "SUPABASE_URL=http://127.0.0.1:1/\n");
    let ran = place.run(&["keys", "check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    let start = "the server at http://127.0.0.1:1 was not asked: ";
    assert!(ran.err.starts_with(start), "{}", ran.err);
}

// MIG-KEY-09, F1, F2: stale and foreign keys by file and line, never shown; ignored files are passed over.
#[test]
fn scan_finds_stale_keys_and_service_keys_in_a_front_end() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let (anon, service) = (
        place.variable(FILE, "ANON_KEY"),
        place.variable(FILE, "SERVICE_ROLE_KEY"),
    );
    let foreign = jwt::ApiKeys::mint(
        &Keys::from_secret(SECRET).unwrap(),
        jwt::ApiKeyClass::Anon,
        1_700_000_000,
        4_000_000_000,
    );
    let foreign = foreign.unwrap().expose().to_owned();
    place.write("app/good.ts", &format!("const key = \"{anon}\";\n"));
    place.write("app/kong.yml", &format!("keys:\n  - key: {foreign}\n"));
    place.write("app/.gitignore", "dropped/\n");
    place.write("app/dropped/old.txt", &foreign);
    place.write(
        "app/web/package.json",
        "{ \"dependencies\": { \"next\": \"15\" } }",
    );
    place.write(
        "app/web/lib/client.ts",
        &format!("// server\nconst key = '{service}';\n"),
    );
    place.write(
        "app/web/.env.local",
        &format!("SERVICE_ROLE_KEY={service}\n"),
    );
    let ran = place.run(&["keys", "check", "--scan", "app"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            8,
            "stale_key: app/kong.yml:2: a key of role anon, issued 2023-11-14, not signed with the current secret\n\
             service_key_in_frontend: app/web/lib/client.ts:2: a service_role key where browsers get it\n"
        )
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("eyJ"));
    std::fs::remove_file(place.path().join("app/kong.yml")).unwrap();
    std::fs::remove_file(place.path().join("app/web/lib/client.ts")).unwrap();
    let ran = place.run(&["keys", "check", "--scan", "app"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            0,
            "4 files below app hold no stale key\nsecret and keys fit together\n"
        )
    );
}

// MIG-KEY-10: new secret and keys everywhere at once; the old secret verifies until the grace ends, never signs.
#[test]
fn rotate_replaces_everything_together_and_keeps_the_old_secret_for_a_while() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    place.write("note.txt", "");
    assert_eq!(place.run(&["env", "sync"]).code, 0);
    let before = NAMES.map(|name| place.variable(FILE, name));
    let ran = place.run(&["keys", "rotate", "--grace", "7d", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(
        (&ran.last()["summary"]["files"], &ran.last()["status"]),
        (&2.into(), &"rotated".into())
    );
    assert!(
        NAMES
            .iter()
            .zip(&before)
            .all(|(_, value)| !ran.out.contains(value.as_str()))
    );
    let after = NAMES.map(|name| place.variable(FILE, name));
    for (index, name) in NAMES.iter().enumerate() {
        assert_eq!(before[index] == after[index], index > 2, "{name}");
    }
    assert_eq!(place.variable(FILE, "JWT_PREVIOUS_SECRETS"), before[0]);
    let now = base::Clock::unix(&base::SystemClock);
    let until: i64 = place
        .variable(FILE, "JWT_PREVIOUS_SECRETS_UNTIL")
        .parse()
        .unwrap();
    assert!((now + 7 * 86_400 - 60..=now + 7 * 86_400).contains(&until));
    for (index, name) in [
        (0, "SUPABASE_JWT_SECRET"),
        (1, "SUPABASE_ANON_KEY"),
        (2, "SUPABASE_SERVICE_KEY"),
        (1, "NEXT_PUBLIC_SUPABASE_ANON_KEY"),
    ] {
        assert_eq!(place.variable(".env", name), after[index], "{name}");
    }
    claims(&after[0], &after[1]);
    let check = place.run(&["keys", "check"]);
    assert_eq!((check.code, check.out.as_str()), (0, ""));
    // A second rotation keeps both earlier secrets; without grace none stays.
    assert_eq!(place.run(&["keys", "rotate"]).code, 0);
    assert_eq!(
        place.variable(FILE, "JWT_PREVIOUS_SECRETS"),
        format!("{},{}", after[0], before[0])
    );
    assert_eq!(place.run(&["keys", "rotate", "--grace", "0"]).code, 0);
    assert_eq!(place.variable(FILE, "JWT_PREVIOUS_SECRETS"), "");
    assert_eq!(place.run(&["keys", "check"]).code, 0);
}

// MIG-KEY-10: the API keys alone.
#[test]
fn rotate_can_replace_the_api_keys_alone() {
    let place = Place::new();
    place.run(&["keys", "generate"]);
    let before = NAMES.map(|name| place.variable(FILE, name));
    let ran = place.run(&["keys", "rotate", "--api-keys-only"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(
        ran.err.starts_with("<dir>/supabase/.env: new API keys\n"),
        "{}",
        ran.err
    );
    for (index, name) in NAMES.iter().enumerate() {
        assert_eq!(
            place.variable(FILE, name) == before[index],
            index != 1 && index != 2,
            "{name}"
        );
    }
    claims(&before[0], &place.variable(FILE, "SERVICE_ROLE_KEY"));
}

#[test]
fn rotate_refuses_what_it_cannot_do_whole() {
    let place = Place::new();
    let ran = place.run(&["keys", "rotate"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(
        ran.err,
        "passerelle: <dir>/.passerelle/keys.env holds no JWT_SECRET to rotate\nto mend it: passerelle keys generate\n"
    );
    place.run(&["keys", "generate"]);
    let text = place.read(FILE);
    let ran = place.finish(
        place
            .command(&["keys", "rotate"])
            .env("JWT_SECRET", SECRET)
            .env("ANON_KEY", "")
            .env("SERVICE_ROLE_KEY", ""),
    );
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(
        ran.err
            .contains("the JWT secret in use does not stand in the keys’ file but in: environment"),
        "{}",
        ran.err
    );
    assert_eq!(place.read(FILE), text);
}

// GW-GEN-02: the published example works, with a warning that cannot be missed.
#[test]
fn the_published_secret_is_warned_of() {
    let place = Place::new();
    let (_listener, port) = crate::place::taken_port();
    let demo = "your-super-secret-jwt-token-with-at-least-32-characters-long";
    place.write(FILE, &format!("JWT_SECRET={demo}\n"));
    let ran = place.run(&["up", "--port", &port.to_string()]);
    assert_eq!(ran.code, 3, "it came as far as the taken port");
    assert!(
        ran.err.starts_with(
            "warning: JWT_SECRET is the published example: everybody has it\n\
             to mend it: passerelle keys rotate --grace 0\n"
        ),
        "{}",
        ran.err
    );
}

fn git(place: &Place, arguments: &[&str]) {
    let mut command = std::process::Command::new("git");
    let status = command
        .args(arguments)
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
}

// MIG-KEY-11: Git gets no secret: told, ignored with --yes, refused when it has one.
#[test]
fn a_keys_file_that_git_would_take_is_told_ignored_or_refused() {
    let place = Place::new();
    git(&place, &["init", "--quiet"]);
    let ran = place.run(&["keys", "generate"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.err.ends_with(
            "warning: <dir>/supabase/.env is not ignored by Git\n\
             to mend it: the same command with --yes adds the rule\n"
        ),
        "{}",
        ran.err
    );
    assert!(!place.exists("supabase/.gitignore"));
    assert_eq!(place.run(&["keys", "generate", "--yes"]).code, 0);
    assert_eq!(place.read("supabase/.gitignore"), "/.env\n");
    let quiet = place.run(&["keys", "generate"]);
    assert!(!quiet.err.contains("Git"), "{}", quiet.err);
    git(&place, &["add", "--force", "supabase/.env"]);
    let refused = place.run(&["keys", "generate"]);
    assert_eq!((refused.code, refused.out.as_str()), (16, ""));
    assert_eq!(
        refused.err,
        "passerelle: <dir>/supabase/.env is tracked by Git\nto mend it: git rm --cached <dir>/supabase/.env\n"
    );
}
