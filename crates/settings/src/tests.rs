//! Layers, aliases, mistakes, `.env` files.

use std::time::Duration;

use super::*;

fn from_env(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let mut layers = Layers::default();
    layers.add_variables(variables.iter().copied(), Origin::Environment);
    Settings::load(&layers)
}

#[test]
fn every_default_parses_and_every_field_is_documented() {
    Settings::load(&Layers::default()).unwrap();
    for field in Settings::fields() {
        assert!(!field.doc.trim().is_empty(), "{} is documented", field.key);
    }
}

// GW-ENV-01, GW-ENV-03, GW-ENV-05, GW-ENV-06: the names self-hosters have.
#[test]
fn upstream_names_are_understood() {
    let settings = from_env(&[
        ("POSTGRES_PASSWORD", "pw"),
        ("JWT_SECRET", "s"),
        ("KONG_HTTP_PORT", "9000"),
        ("JWT_EXPIRY", "60"),
        ("PGRST_DB_SCHEMAS", "a, b"),
    ])
    .unwrap();
    assert_eq!(settings.database.password.expose(), "pw");
    assert_eq!(settings.keys.jwt_secret.expose(), "s");
    assert_eq!(settings.gateway.port, 9000);
    assert_eq!(settings.auth.jwt_expiry, Duration::from_secs(60));
    assert_eq!(settings.rest.schemas, ["a", "b"]);
}

#[test]
fn the_own_name_wins_over_an_alias_and_a_flag_over_both() {
    let mut layers = Layers::default();
    layers.add_variables(
        [("PASSERELLE_GATEWAY_PORT", "1"), ("KONG_HTTP_PORT", "2")],
        Origin::Environment,
    );
    assert_eq!(Settings::load(&layers).unwrap().gateway.port, 1);
    layers.set("gateway.port", "3");
    assert_eq!(Settings::load(&layers).unwrap().gateway.port, 3);
}

#[test]
fn all_mistakes_come_together_and_no_value_is_repeated() {
    let mut layers = Layers::default();
    layers.add_variables(
        [("KONG_HTTP_PORT", "high"), ("JWT_EXPIRY", "soon")],
        Origin::Environment,
    );
    layers.set("gateway.prot", "1");
    let text = Settings::load(&layers).unwrap_err().to_string();
    assert_eq!(
        text,
        "gateway.port is not a whole number (environment)\n\
         auth.jwt_expiry is not a duration such as 30s, 15m or 1h30m (environment)\n\
         `gateway.prot` is not a setting (command line)"
    );
}

#[test]
fn durations_and_sizes_read_as_people_write_them() {
    assert_eq!(Duration::parse("1h30m"), Ok(Duration::from_secs(5_400)));
    assert_eq!(Duration::parse("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(Duration::parse("3600"), Ok(Duration::from_secs(3_600)));
    assert!(Duration::parse("").is_err());
    assert_eq!(ByteSize::parse("64KiB"), Ok(ByteSize(65_536)));
    assert!(ByteSize::parse("lots").is_err());
}

// GW-ENV-01: what is not understood is named, not passed over in silence.
#[test]
fn variables_that_are_no_settings_are_named() {
    let mut layers = Layers::default();
    layers.add_variables(
        [
            ("GOTRUE_SITE_URL", "x"),
            ("GOTRUE_JWT_SECRET_FILE", "/x"),
            ("PASSERELLE_GATEWAY_PORT", "1"),
            ("GOTRUE_NO_SUCH_THING", "1"),
            ("HOME", "/"),
        ],
        Origin::Environment,
    );
    let unknown = layers.unknown_variables(&["GOTRUE_", "PASSERELLE_"]);
    assert_eq!(unknown, ["GOTRUE_NO_SUCH_THING"]);
}

// GW-ENV-20: quotes, `$`, comments.
#[test]
fn env_values_keep_their_dollars_and_lose_their_quotes() {
    let file = DotEnv::parse("A=\"x$y\"\nB='a # b'\nC=plain # note\nexport D = e\nE=pa$$word#1\n")
        .unwrap();
    let variables = file.variables();
    let value = |name: &str| variables[name].as_str();
    assert_eq!(value("A"), "x$y");
    assert_eq!(value("B"), "a # b");
    assert_eq!(value("C"), "plain");
    assert_eq!(value("D"), "e");
    assert_eq!(value("E"), "pa$$word#1");
}

// MIG-KEY-05: comments, order and unknown variables are kept byte for byte.
#[test]
fn setting_a_variable_keeps_every_other_byte() {
    let text = "# mine\nX = 1\n\nJWT_SECRET=old\n  weird=  spaced  ";
    let mut file = DotEnv::parse(text).unwrap();
    assert_eq!(file.to_string(), text);
    file.set("JWT_SECRET", "new");
    assert_eq!(file.to_string(), text.replace("old", "new"));
    file.set("NEW", "it's $5");
    assert!(file.to_string().ends_with("spaced  \nNEW=\"it's $5\"\n"));
    assert_eq!(
        DotEnv::parse(&file.to_string())
            .unwrap()
            .get("NEW")
            .unwrap(),
        "it's $5"
    );
}

#[test]
fn a_truncated_env_file_is_refused_with_its_line() {
    assert_eq!(
        DotEnv::parse("A=1\nJWT_SEC"),
        Err(DotEnvError::Malformed { line: 2 })
    );
    assert_eq!(
        DotEnv::parse("A=\"1\n"),
        Err(DotEnvError::Unterminated { line: 1 })
    );
}
