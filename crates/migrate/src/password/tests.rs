use proptest::prelude::*;

use super::{HashClass, Treatment, importable};

const B53: &str = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
const HEX: &str = "0123456789abcdef";

fn check(stored: &str, label: &str, native: Treatment) {
    let class = HashClass::of(stored);
    assert_eq!(class.label(), label, "{stored}");
    assert_eq!(class.treatment(true), native, "{stored}");
    let imported = importable(stored);
    let expected = match native {
        Treatment::Import => Some(stored),
        Treatment::ImportTrimmed => Some(stored.trim()),
        _ => return assert_eq!(imported.is_some(), native == Treatment::ImportStripped),
    };
    assert_eq!(imported.as_deref(), expected);
}

fn none(stored: &str, label: &str) {
    let class = HashClass::of(stored);
    assert_eq!(class.label(), label, "{stored}");
    assert!(matches!(class.treatment(true), Treatment::NoPassword(_)));
    assert_eq!(importable(stored), None);
}

#[test]
fn bcrypt_is_imported_as_it_stands() {
    // MIG-PWD-01, MIG-PWD-02: sixty characters of the alphabet, a cost of 4 to 31.
    for variant in ['a', 'b', 'x', 'y'] {
        for cost in ["04", "10", "12", "31"] {
            let cost_number: u8 = cost.parse().unwrap();
            check(
                &format!("$2{variant}${cost}${B53}"),
                &format!("bcrypt-2{variant}-{cost_number}"),
                Treatment::Import,
            );
        }
    }
}

#[test]
fn blanks_around_a_hash_go() {
    // MIG-PWD-01: padded by char(n), or with a line's end.
    for padded in [
        format!("$2b$12${B53}          "),
        format!("\t$2b$12${B53}\r\n"),
    ] {
        check(&padded, "bcrypt-2b-12-padded", Treatment::ImportTrimmed);
    }
}

#[test]
fn a_framework_s_prefix_goes() {
    let hash = format!("$2b$12${B53}");
    check(
        &format!("bcrypt${hash}"),
        "django-bcrypt-2b-12",
        Treatment::ImportStripped,
    );
    assert_eq!(importable(&format!("bcrypt${hash}")).unwrap(), hash);
    assert_eq!(importable(&format!("{{CRYPT}}{hash}")).unwrap(), hash);
    let argon =
        "$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWRWJTmaaJObG";
    assert_eq!(importable(&format!("argon2{argon}")).unwrap(), argon);
    assert_eq!(
        HashClass::of(&format!("argon2{argon}")).label(),
        "django-argon2id"
    );
}

#[test]
fn what_only_looks_like_bcrypt_is_not() {
    // MIG-PWD-02: 59 and 61 characters, a letter outside the alphabet, an unknown variant, a cost out of range.
    for wrong in [
        format!("$2b$12${}", &B53[1..]),
        format!("$2b$12${B53}A"),
        format!("$2b$12${}!", &B53[1..]),
        format!("$2c$12${B53}"),
        format!("$2b$03${B53}"),
        format!("$2b$32${B53}"),
        format!("$2b$+9${B53}"),
        format!("$2$12${B53}"),
        "$2b$12$".to_owned(),
        "$2".to_owned(),
        "bcrypt$plain".to_owned(),
    ] {
        none(&wrong, "bcrypt-malformed");
    }
}

#[test]
fn argon2_is_imported_within_the_limits_of_every_target() {
    let tail = "c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG";
    for (head, label, treatment) in [
        (
            "$argon2id$v=19$m=65536,t=3,p=4$",
            "argon2id",
            Treatment::Import,
        ),
        (
            "$argon2i$v=19$m=1048576,t=20,p=16$",
            "argon2i",
            Treatment::Import,
        ),
        (
            "$argon2d$v=19$m=65536,t=3,p=4$",
            "argon2d-other",
            Treatment::Verifier,
        ),
        (
            "$argon2id$v=16$m=65536,t=3,p=4$",
            "argon2id-other",
            Treatment::Verifier,
        ),
        (
            "$argon2i$m=4096,t=3,p=1$",
            "argon2i-other",
            Treatment::Verifier,
        ),
        // MIG-NST 32: hostile parameters are never run, only named.
        (
            "$argon2id$v=19$m=4194304,t=3,p=4$",
            "argon2id-other",
            Treatment::Verifier,
        ),
        (
            "$argon2id$v=19$m=65536,t=21,p=4$",
            "argon2id-other",
            Treatment::Verifier,
        ),
        (
            "$argon2id$v=19$m=65536,t=3,p=17$",
            "argon2id-other",
            Treatment::Verifier,
        ),
    ] {
        check(&format!("{head}{tail}"), label, treatment);
    }
    for wrong in [
        "$argon2id$v=19$m=65536,t=3$c29tZXNhbHQ$RdescudvJCsgt3ub",
        "$argon2id$v=19$m=65536,t=0,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub",
        "$argon2id$v=19$m=99999999999,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ",
        "$argon2id$v=19$m=65536,t=3,p=4$!!$??",
        "$argon2x$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub",
        "$argon2",
    ] {
        none(wrong, "argon2-malformed");
    }
}

#[test]
fn firebase_s_scrypt_is_imported_with_its_parameters() {
    let good = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==";
    check(good, "firebase-scrypt", Treatment::Import);
    none(&good.replace("n=14", "n=31"), "firebase-scrypt-malformed");
    none(&good.replace("p=1,", "p=99,"), "firebase-scrypt-malformed");
    none("$fbscrypt$v=1$a$b", "firebase-scrypt-malformed");
}

#[test]
fn the_forms_of_frameworks_wait_for_a_verifier() {
    let (hex32, hex128) = (HEX.repeat(2), HEX.repeat(8));
    let hex64 = HEX.repeat(4);
    let crypt = |n: usize| "a./Z9".repeat(20)[..n].to_owned();
    let base32 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let bare32 = base32.trim_end_matches('=');
    let base20 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODk=";
    let base64 =
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMw==";
    let v2 = format!("AA{}", "A".repeat(64)) + "==";
    let v3 = format!("AQAAAAEAACcQAAAAE{}", "A".repeat(65)) + "==";
    for (stored, label) in [
        (
            format!("bcrypt_sha256$$2b$12${B53}"),
            "django-bcrypt-sha256",
        ),
        (
            format!("$bcrypt-sha256$v=2,t=2b,r=12${}${}", crypt(22), crypt(31)),
            "passlib-bcrypt-sha256",
        ),
        (
            format!("$bcrypt-sha256$2a,12${}${}", crypt(22), crypt(31)),
            "passlib-bcrypt-sha256",
        ),
        (
            format!("pbkdf2_sha256$600000$salt${base32}"),
            "django-pbkdf2-sha256",
        ),
        (
            format!("pbkdf2_sha1$600000$salt${base20}"),
            "django-pbkdf2-sha1",
        ),
        (
            format!("$pbkdf2-sha256$29000$N2YMIWQsBWBM${bare32}"),
            "passlib-pbkdf2-sha256",
        ),
        (
            format!(
                "$pbkdf2$131000$N2YMIWQsBWBM${}",
                base20.trim_end_matches('=')
            ),
            "passlib-pbkdf2-sha1",
        ),
        (
            format!("pbkdf2:sha256:600000$salt${hex64}"),
            "werkzeug-pbkdf2-sha256",
        ),
        (
            format!("pbkdf2:sha1$salt${}", &hex64[..40]),
            "werkzeug-pbkdf2-sha1",
        ),
        (v2, "aspnet-v2"),
        (v3, "aspnet-v3"),
        (format!("scrypt:32768:8:1$salt${hex128}"), "werkzeug-scrypt"),
        (format!("scrypt$16384$salt$8$5${base64}"), "django-scrypt"),
        (
            format!("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q${bare32}"),
            "passlib-scrypt",
        ),
        (format!("{hex32}:{hex128}"), "node-scrypt"),
        (format!("$6$salt${}", crypt(86)), "sha512-crypt"),
        (
            format!("$6$rounds=656000$salt${}", crypt(86)),
            "sha512-crypt",
        ),
        (format!("$5$salt${}", crypt(43)), "sha256-crypt"),
        (format!("$1$salt${}", crypt(22)), "md5-crypt"),
        (format!("$apr1$salt${}", crypt(22)), "apr1-crypt"),
        (format!("$P${}", crypt(31)), "phpass"),
        (format!("$H${}", crypt(31)), "phpass"),
        (format!("$S${}", crypt(52)), "drupal-sha512"),
    ] {
        check(&stored, label, Treatment::Verifier);
        assert!(matches!(
            HashClass::of(&stored).treatment(false),
            Treatment::NoPassword(_)
        ));
    }
}

#[test]
fn plain_digests_are_weak_and_known_by_their_length() {
    for (stored, label) in [
        (HEX.repeat(2), "md5-hex"),
        (HEX.repeat(4)[..40].to_owned(), "sha1-hex"),
        (HEX.repeat(4).to_uppercase(), "sha256-hex"),
        (HEX.repeat(6), "sha384-hex"),
        (HEX.repeat(8), "sha512-hex"),
        ("MDEyMzQ1Njc4OTAxMjM0NQ==".to_owned(), "md5-base64"),
        ("MDEyMzQ1Njc4OTAxMjM0NTY3ODk=".to_owned(), "sha1-base64"),
        (
            format!("sha1$salt${}", &HEX.repeat(3)[..40]),
            "salted-sha1-hex",
        ),
        (format!("md5$salt${}", HEX.repeat(2)), "salted-md5-hex"),
        (format!("{}:pepper", HEX.repeat(4)), "salted-sha256-hex"),
        (format!("pepper:{}", HEX.repeat(4)), "salted-sha256-hex"),
        ("{SHA}MDEyMzQ1Njc4OTAxMjM0NTY3ODk=".to_owned(), "sha1-ldap"),
        (
            "{SSHA}MDEyMzQ1Njc4OTAxMjM0NTY3ODlzYWx0".to_owned(),
            "salted-sha1-ldap",
        ),
    ] {
        check(&stored, label, Treatment::Verifier);
        assert!(HashClass::of(&stored).is_weak(), "{stored}");
    }
}

#[test]
fn an_incomplete_hash_is_named_after_what_it_should_be() {
    for (stored, label) in [
        ("pbkdf2_sha256$600000$salt$short", "django-pbkdf2-malformed"),
        ("pbkdf2_sha256$x$salt$", "django-pbkdf2-malformed"),
        ("pbkdf2:sha256:600000$salt", "werkzeug-pbkdf2-malformed"),
        ("$pbkdf2-sha999$1$a$b", "passlib-pbkdf2-malformed"),
        ("scrypt:32767:8:1$salt$00", "werkzeug-scrypt-malformed"),
        ("$6$salt$short", "sha512-crypt-malformed"),
        ("$6$rounds=1$salt$short", "sha512-crypt-malformed"),
        ("$P$short", "phpass-malformed"),
        ("sha1$salt$abc", "sha1-malformed"),
        ("{SSHA}abc", "ldap-malformed"),
        ("bcrypt_sha256$nothing", "django-bcrypt-sha256-malformed"),
    ] {
        none(stored, label);
    }
}

#[test]
fn markers_and_the_rest_are_no_password() {
    for empty in ["", " ", "\u{a0}\t"] {
        none(empty, "empty");
    }
    for locked in ["!", "!!", "*", "x", "!9sAkk7J2kHb0", "*LK*"] {
        none(locked, "locked");
    }
    for elsewhere in ["LDAP", "{SASL}ada@example.org", "sso", "oauth"] {
        none(elsewhere, "elsewhere");
    }
    for unknown in [
        "hunter2",
        "pässwort",
        "0123456789abcde",
        "$unknown$x",
        &"a".repeat(5_000),
    ] {
        none(unknown, "unknown");
    }
    assert_eq!(HashClass::of_nullable(None).label(), "null");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = importable(&text);
        let _ = HashClass::of(&text).label();
    }

    #[test]
    fn no_half_of_a_hash_panics(
        head in prop::sample::select(vec![
            "$2b$", "$2b$12$", "bcrypt$", "$argon2id$v=19$", "argon2$", "$fbscrypt$v=1,n=", "pbkdf2_", "pbkdf2:", "scrypt:",
            "scrypt$", "$pbkdf2", "$bcrypt-sha256$", "$6$rounds=", "$P$", "{SSHA}", "{", "sha1$", "AQAA",
        ]),
        tail in "[\\$,:=0-9a-zA-Z./+é ]{0,90}",
    ) {
        let text = format!("{head}{tail}");
        let class = HashClass::of(&text);
        // Whatever is imported is of a form that the target believes, and is read the same again.
        if let Some(stored) = importable(&text) {
            prop_assert_eq!(HashClass::of(&stored).treatment(false), Treatment::Import);
        } else {
            prop_assert!(!matches!(class.treatment(false), Treatment::Import));
        }
    }
}
