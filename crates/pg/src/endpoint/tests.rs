use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::{Endpoint, Mode};

fn shown(text: &str) -> String {
    let endpoint = Endpoint::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    format!("{endpoint:?}")
}

fn refused(text: &str) -> String {
    Endpoint::parse(text).expect_err(text).to_string()
}

fn password(text: &str) -> String {
    let endpoint = Endpoint::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    String::from_utf8(endpoint.config().get_password().expect(text).to_vec()).unwrap()
}

// MIG-CFG-04: URIs, key=value, Unix sockets, IPv6.
#[test]
fn every_form_of_libpq_is_read() {
    let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    check("postgresql://", "postgres as postgres at localhost:5432");
    check(
        "postgres://ada@db.example.org",
        "ada as ada at db.example.org:5432",
    );
    check(
        "postgresql://ada:pw@db:6543/shop?application_name=x",
        "shop as ada at db:6543",
    );
    check(
        "postgresql://ada@[2001:db8::1]:6543/shop",
        "shop as ada at [2001:db8::1]:6543",
    );
    check("postgresql://ada@[::1]/shop", "shop as ada at [::1]:5432");
    check(
        "postgresql://ada@a,b:6543/shop",
        "shop as ada at a:5432,b:6543",
    );
    check(
        "postgresql:///shop?host=/run/postgresql&port=6543&user=ada",
        "shop as ada at /run/postgresql:6543",
    );
    check(
        "postgresql://ada@%2Frun%2Fpostgresql:6543/shop",
        "shop as ada at /run/postgresql:6543",
    );
    check("postgresql://ad%61@db/sh%20op", "sh op as ada at db:5432");
    check(
        "host=db port=6543 user=ada dbname=shop",
        "shop as ada at db:6543",
    );
    check(
        r"host = /run/pg  user='a d\'a' dbname = a\ b",
        "a b as a d'a at /run/pg:5432",
    );
    check(
        "host=a,b port=1,2 dbname=shop",
        "shop as postgres at a:1,b:2",
    );
    check(
        "hostaddr=127.0.0.1 host=db dbname=shop",
        "shop as postgres at db:5432",
    );
    check("", "postgres as postgres at localhost:5432");
}

// MIG-CFG-04: passwords with every printable character.
#[test]
fn a_password_may_hold_any_character() {
    let all: String = (' '..='~').collect();
    let encoded = percent_encoding::utf8_percent_encode(&all, percent_encoding::NON_ALPHANUMERIC);
    assert_eq!(
        password(&format!("postgresql://ada:{encoded}@db/shop")),
        all
    );
    let escaped = all.replace('\\', r"\\").replace('\'', r"\'");
    assert_eq!(
        password(&format!("user=ada password='{escaped}' host=db")),
        all
    );
    assert_eq!(password("postgresql://ada:p@ss:w@db/shop"), "p@ss:w");
    assert_eq!(password("postgresql://ada:é@db/shop"), "é");
}

#[test]
fn a_password_is_never_shown() {
    let endpoint = Endpoint::parse("postgresql://ada:hunter2@db/shop").unwrap();
    assert!(!format!("{endpoint:?}").contains("hunter2"));
    assert!(!format!("{:?}", endpoint.with_login("grace", "hunter2")).contains("hunter2"));
    assert!(!refused("postgresql://ada:hunter2@db:port/shop").contains("hunter2"));
    assert!(!refused("postgresql://ada:hunter2@db/shop?nonsense=1").contains("hunter2"));
}

#[test]
fn what_would_not_do_what_it_says_is_refused() {
    let check = |text: &str, part: &str| {
        let message = refused(text);
        assert!(message.contains(part), "{text}: {message}");
    };
    check("mysql://db/shop", "postgresql://");
    check(
        "postgresql://db/shop?schema=public",
        "schema is not a parameter",
    );
    check("host=db service=x", "service cannot be part of it");
    check("host=db sslmode=maybe", "sslmode cannot be maybe");
    check("host=db port=0", "port is not valid");
    check("host=db port=99999", "port is not valid");
    check("host=a,b port=1,2,3", "ports");
    check(
        "host=db connect_timeout=soon",
        "connect_timeout is not a number",
    );
    check("host=db user='ada", "closing quote");
    check("host", "lacks its =");
    check("postgresql://[::1/shop", "closing ]");
    check("postgresql://2001:db8::1/shop", "brackets");
    check("postgresql://db/shop?sslmode", "has no value");
    check("postgresql://db/%ff", "UTF-8");
    check("postgresql://db/a%00b", "NUL");
    check(
        "host=db target_session_attrs=prefer-standby",
        "target_session_attrs",
    );
    check("host=db client_encoding=LATIN1", "UTF8");
    check("host=db sslcert=/a.pem", "go together");
}

// MIG-CFG-04: sslmode, sslrootcert.
#[test]
fn sslmode_means_what_it_means_to_libpq() {
    let check = |text: &str, mode: Mode, tokio: SslMode| {
        let endpoint = Endpoint::parse(text).unwrap();
        assert_eq!(
            (endpoint.tls_mode(), endpoint.config().get_ssl_mode()),
            (mode, tokio),
            "{text}"
        );
    };
    check("host=db", Mode::Prefer, SslMode::Prefer);
    check("host=db sslmode=allow", Mode::Prefer, SslMode::Prefer);
    check("host=db sslmode=disable", Mode::Disable, SslMode::Disable);
    check(
        "postgresql://db/shop?sslmode=require",
        Mode::Require,
        SslMode::Require,
    );
    check(
        "host=db sslmode=require sslrootcert=/ca.pem",
        Mode::VerifyCa,
        SslMode::Require,
    );
    check(
        "host=db sslmode=verify-ca sslrootcert=/ca.pem",
        Mode::VerifyCa,
        SslMode::Require,
    );
    check(
        "host=db sslmode=verify-full",
        Mode::VerifyFull,
        SslMode::Require,
    );
    check(
        "host=db sslrootcert=system",
        Mode::VerifyFull,
        SslMode::Require,
    );
    check(
        "host=/run/postgresql sslmode=require",
        Mode::Require,
        SslMode::Disable,
    );
}

#[test]
fn a_missing_certificate_is_named() {
    let endpoint =
        Endpoint::parse("host=db sslmode=verify-full sslrootcert=/nowhere/ca.pem").unwrap();
    let Err(error) = endpoint.tls() else {
        panic!("there is no such file")
    };
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

#[test]
fn login_and_database_can_be_exchanged() {
    let admin =
        Endpoint::parse("postgresql://admin:a@db:6543/shop?target_session_attrs=read-write")
            .unwrap();
    let other = admin
        .with_login("authenticator", "b")
        .with_database("bank")
        .with_application_name("x");
    assert_eq!(format!("{other:?}"), "bank as authenticator at db:6543");
    assert_eq!(other.config().get_password(), Some(&b"b"[..]));
    assert_eq!(
        other.config().get_target_session_attrs(),
        TargetSessionAttrs::ReadWrite
    );
    assert_eq!(other.config().get_hosts(), [Host::Tcp("db".into())]);
}

#[test]
fn programs_find_everything_in_their_environment() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let mut found = Endpoint::parse(text).unwrap().variables();
        found.sort_unstable();
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        "postgresql://ada:pre%20cious@one:6543,two:6544/shop?sslmode=verify-full&sslrootcert=/ca.pem&application_name=x&connect_timeout=7",
        &[
            ("PGAPPNAME", "x"),
            ("PGCONNECT_TIMEOUT", "7"),
            ("PGDATABASE", "shop"),
            ("PGHOST", "one,two"),
            ("PGPASSWORD", "pre cious"),
            ("PGPORT", "6543,6544"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
            ("PGUSER", "ada"),
        ],
    );
    check(
        "host=/run/postgresql port=5433 user=ada dbname=shop",
        &[
            ("PGDATABASE", "shop"),
            ("PGHOST", "/run/postgresql"),
            ("PGPORT", "5433"),
            ("PGSSLMODE", "prefer"),
            ("PGUSER", "ada"),
        ],
    );
}

#[test]
fn a_session_can_start_with_settings_of_its_own() {
    let endpoint = Endpoint::parse("host=db options='-c jit=off'").unwrap();
    let with = endpoint.with_setting("a.b", "c d").with_setting("e.f", "g");
    assert_eq!(
        with.config().get_options(),
        Some("-c jit=off -c a.b=c\\ d -c e.f=g")
    );
    assert_eq!(endpoint.config().get_options(), Some("-c jit=off"));
}
