//! The table of errors, pinned where clients match on it.

use super::{Error, database};

// REST-ERR-03
#[test]
fn sqlstates_have_their_status() {
    let check = |code: &str, message: &str, anonymous, status| {
        let error = pg::ServerError {
            code: code.to_owned(),
            message: message.to_owned(),
            ..pg::ServerError::default()
        };
        assert_eq!(
            database::status(&error, anonymous),
            status,
            "{code} {message}"
        );
    };
    for (code, status) in [
        ("08006", 503),
        ("09000", 500),
        ("0L000", 403),
        ("0P000", 403),
        ("23503", 409),
        ("23505", 409),
        ("23502", 400),
        ("23514", 400),
        ("25006", 405),
        ("25P02", 500),
        ("28000", 403),
        ("2D000", 500),
        ("38000", 500),
        ("39000", 500),
        ("3B000", 500),
        ("40001", 500),
        ("40P01", 500),
        ("53400", 500),
        ("53300", 503),
        ("54000", 500),
        ("55000", 500),
        ("57P01", 503),
        ("57014", 500),
        ("58000", 500),
        ("F0000", 500),
        ("HV000", 500),
        ("P0001", 400),
        ("P0004", 500),
        ("XX000", 500),
        ("42883", 404),
        ("42P01", 404),
        ("42P17", 500),
        ("42703", 400),
        ("42P10", 400),
        ("22P02", 400),
        ("PT402", 402),
        ("PTxyz", 500),
        ("21000", 500),
        ("22023", 400),
        ("", 400),
        ("4", 400),
    ] {
        check(code, "", false, status);
    }
    check("42501", "", true, 401);
    check("42501", "", false, 403);
    check("21000", "UPDATE requires a WHERE clause", false, 400);
    check("22023", "role \"x\" does not exist", false, 401);
    check(
        "42883",
        "function xmlagg(record) does not exist",
        false,
        406,
    );
}

// REST-JWT-08
#[test]
fn refused_tokens_are_told_in_postgrests_words() {
    let check = |error: jwt::Error, code: &str, message: &str| {
        let error = Error::Token(error);
        assert_eq!(
            (error.code(), error.message().as_str(), error.status()),
            (code, message, 401)
        );
        assert_eq!(
            error.challenge().unwrap(),
            format!("Bearer error=\"invalid_token\", error_description=\"{message}\"")
        );
    };
    check(jwt::Error::Expired, "PGRST303", "JWT expired");
    check(jwt::Error::NotYetValid, "PGRST303", "JWT not yet valid");
    check(
        jwt::Error::IssuedInFuture,
        "PGRST303",
        "JWT issued at future",
    );
    check(
        jwt::Error::NotANumber("exp"),
        "PGRST303",
        "The JWT 'exp' claim must be a number",
    );
    check(
        jwt::Error::Signature,
        "PGRST301",
        "No suitable key or wrong key type",
    );
    check(
        jwt::Error::Algorithm("none".into()),
        "PGRST301",
        "Wrong or unsupported encoding algorithm",
    );
    check(
        jwt::Error::Malformed,
        "PGRST301",
        "JWT cryptographic operation failed",
    );
    assert_eq!(Error::Anonymous.challenge().as_deref(), Some("Bearer"));
}

// REST-ERR-05, REST-ERR-07
#[test]
fn a_lost_database_tells_nothing_of_where_it_is() {
    let error = Error::Connection("connection to 10.0.0.1 refused".into());
    assert_eq!((error.code(), error.status()), ("PGRST000", 503));
    assert!(!error.details().to_string().contains("10.0.0.1"));
    // REST-VER-10
    let message = |version| error.message_in(version);
    assert_eq!(
        message(settings::RestVersion::Sixteen),
        "Database connection error."
    );
    assert_eq!(
        message(settings::RestVersion::Fourteen),
        "Database connection error. Retrying the connection."
    );
}
