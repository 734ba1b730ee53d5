use proptest::prelude::*;

use super::{Address, Problem};

#[test]
fn an_address_is_compared_without_blanks_and_case() {
    // MIG-DUP-01: Unicode blanks, zero-width characters, composed letters, lower case; plus and dots count.
    for (stored, normalized) in [
        ("Bob@X.org", "bob@x.org"),
        (" bob@x.org\u{a0}", "bob@x.org"),
        ("\u{feff}bob@x.org\u{200b}", "bob@x.org"),
        ("b.o.b+news@x.org", "b.o.b+news@x.org"),
        ("bob@bu\u{308}cher.example", "bob@xn--bcher-kva.example"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
    ] {
        let address = Address::read(stored);
        assert_eq!(address.usable(), Some(normalized), "{stored}");
    }
}

#[test]
fn what_no_user_can_have_is_told_apart() {
    // MIG-DUP-02: one class each; line breaks are not trimmed away from inside.
    let long = format!("{}@example.org", "a".repeat(288));
    for (stored, problem) in [
        ("", Problem::Empty),
        ("  \u{200b}", Problem::Empty),
        (long.as_str(), Problem::Long),
        ("bob", Problem::Invalid),
        ("bob@", Problem::Invalid),
        ("@x.org", Problem::Invalid),
        ("bob@x..org", Problem::Invalid),
        ("bob@x@y.org", Problem::Invalid),
        ("bo b@x.org", Problem::Invalid),
        ("bob@x.org\r\nBcc: ada@x.org", Problem::Control),
        ("zoë@x.org", Problem::Local),
    ] {
        let address = Address::read(stored);
        assert!(
            address.problems.contains(&problem),
            "{stored:?} {:?}",
            address.problems
        );
        assert_eq!(address.usable(), None, "{stored:?}");
    }
    assert_eq!(Address::read("info@x.org").problems, [Problem::Role]);
}

#[test]
fn an_address_is_never_shown_by_debug() {
    assert!(!format!("{:?}", Address::read("ada@example.org")).contains("ada"));
}

proptest! {
    #[test]
    fn what_is_usable_is_read_the_same_again(text in "\\PC{0,40}(@\\PC{0,20})?") {
        let address = Address::read(&text);
        if let Some(usable) = address.usable() {
            let again = Address::read(usable);
            prop_assert_eq!(again.usable(), Some(usable));
        }
    }
}
