use super::{EmailFault, masked, normalize};

/// MIG-DUP-01, MIG-DUP-02
#[test]
fn addresses_are_normalised_and_judged() {
    for (raw, expected) in [
        (Some("Bob@X.example"), Ok("bob@x.example")),
        (Some(" \u{a0}ada@b.example\u{200b} \n"), Ok("ada@b.example")),
        (Some("a.b+c@d.example"), Ok("a.b+c@d.example")),
        (None, Err(EmailFault::Missing)),
        (Some("  "), Err(EmailFault::Missing)),
        (Some("a\r\nBcc: x@y.example"), Err(EmailFault::Control)),
        (Some("nobody"), Err(EmailFault::Invalid)),
    ] {
        assert_eq!(
            normalize(raw).as_deref().map_err(|fault| *fault),
            expected,
            "{raw:?}"
        );
    }
    let long = format!("{}@x.example", "a".repeat(300));
    assert_eq!(normalize(Some(&long)), Err(EmailFault::TooLong));
}

/// MIG-DRY-02
#[test]
fn an_address_is_shown_masked() {
    for (email, shown) in [
        ("john@example.com", "j***@e***.com"),
        ("x@localhost", "x***@l***"),
        ("nobody", "n***"),
    ] {
        assert_eq!(masked(email), shown);
    }
}
