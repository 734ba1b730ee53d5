//! Every format against hashes that other programs made.

use super::*;

/// Made by Django 5.2 (`django-…`, `md5$`, `sha1$`), Werkzeug 3.1, passlib 1.7 (`$…`, `{…}`), argon2-cffi 25.1 and the
/// formulas of ASP.NET Identity, Better Auth, Node and Drupal over Python's hashlib; costs lowered where they allow it.
const KNOWN: &[(&str, &str)] = &include!("known.in");

const PASSWORD: &str = "Kräuter & 42";

fn read(text: &str) -> Result<Legacy, Refusal> {
    Legacy::read(text, Vec::new())
}

fn peppers(json: &str) -> Peppers {
    Peppers::new(&Secret::new(json)).unwrap()
}

/// MIG-PWD-04: the password fits the hash that another program made of it, and no other does.
#[test]
fn every_format_is_checked_as_its_own_program_does() {
    for (kind, text) in KNOWN {
        let legacy = read(text).unwrap_or_else(|why| panic!("{kind}: {why}"));
        assert_eq!(legacy.kind(), *kind, "{text}");
        let stored = legacy.stored();
        let stored = stored.expose();
        assert!(stored.len() <= COLUMN && is_marked(stored), "{stored}");
        assert!(stored.ends_with(text), "byte for byte: {stored}");
        let legacy = Legacy::parse(stored).unwrap_or_else(|| panic!("{stored}"));
        let none = Peppers::default();
        assert!(legacy.is_of(PASSWORD, &none), "{kind}: {text}");
        for wrong in ["", "Kräuter & 43", "kräuter & 42", " Kräuter & 42"] {
            assert!(!legacy.is_of(wrong, &none), "{kind}: {wrong:?}");
        }
    }
}

/// The published examples: of sha-crypt's specification, of passlib's manual, of phpass's own test.
#[test]
fn published_examples_are_checked() {
    for (password, text) in [
        (
            "Hello world!",
            "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
        ),
        (
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
        ),
        ("password", "$1$3azHgidD$SrJPt7B.9rekpmwJwtON31"),
        ("myPassword", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"),
        ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
        ("password", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ] {
        let legacy = read(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert!(legacy.is_of(password, &Peppers::default()), "{text}");
    }
}

/// MIG-PWD-07: what the old application did first is done first, in its order.
#[test]
fn declared_transforms_come_before_the_hash() {
    let peppers = peppers(r#"{"OLD_PEPPER":"-the pepper"}"#);
    for (transforms, text) in [
        (
            vec![Transform::Hex(TransformDigest::Sha1)],
            "$2b$04$yISNK6X7Xr19K5wok.p0MeC2SlDf7ZcBQ/A81EA..NcD7iGlEdc66",
        ),
        (
            vec![Transform::parse_common("append-pepper:ENV:OLD_PEPPER").unwrap()],
            "$2b$04$lJPcJVSuSOnX6u3asQqm3uyU90CR5sEUDGo3lqMiKKhSLnjtoHHWm",
        ),
        (
            vec![Transform::PrefixSalt(b"NaCl".to_vec())],
            "$2b$04$.bCqsmH9CJydqgMBZat6qOZlyz.Q/H7tnDtFCLsK0GzZiOfIoc.RS",
        ),
        (
            vec![
                Transform::Hex(TransformDigest::Md5),
                Transform::AppendSalt(b"NaCl".to_vec()),
            ],
            "31deb248a8508d1fe36620eb6fd8414d",
        ),
    ] {
        let legacy = Legacy::read(text, transforms.clone()).unwrap();
        let stored = legacy.stored();
        // MIG-PWD-09: the pepper itself is not stored with the hash.
        assert!(!stored.expose().contains("the pepper"));
        let legacy = Legacy::parse(stored.expose()).unwrap();
        assert_eq!(legacy.transforms, transforms);
        assert!(legacy.is_of(PASSWORD, &peppers), "{transforms:?}");
        assert!(!legacy.is_of("Kräuter & 43", &peppers));
        if transforms.len() == 1 {
            assert!(
                !Legacy::parse(stored.expose().replace(",t=", ",t=md5-hex+").as_str())
                    .unwrap()
                    .is_of(PASSWORD, &peppers)
            );
        }
    }
    let needs = Legacy::read(
        "5f4dcc3b5aa765d61d8327deb882cf99",
        vec![Transform::AppendPepper("GONE".into())],
    );
    assert!(!needs.unwrap().is_of("password", &peppers));
    for wrong in [
        "md6-hex",
        "sha1-hexx",
        "append-pepper:",
        "append-pepper:a b",
        "append-pepper:a+b",
        "pepper",
        "",
    ] {
        assert_eq!(Transform::parse_common(wrong), None, "{wrong}");
    }
    assert!(Peppers::new(&Secret::new("OLD=1")).is_err());
}

/// MIG-PWD-04: parameters that would keep a core or the memory busy are refused, on the way in and when they are read.
#[test]
fn hostile_parameters_are_refused() {
    let hash32 = "A".repeat(43);
    let hex64 = "0".repeat(128);
    for text in [
        format!("pbkdf2_sha256$4294967295$salt${hash32}="),
        format!("$pbkdf2-sha256$5000001$c2FsdA${hash32}"),
        format!("pbkdf2:sha256:999999999$salt${}", "0".repeat(64)),
        format!("scrypt:4194304:8:1$salt${hex64}"),
        format!("scrypt:16384:4294967295:1$salt${hex64}"),
        format!("scrypt:16384:8:4294967295$salt${hex64}"),
        format!("$scrypt$ln=31,r=8,p=1$c2FsdA${hash32}"),
        format!("$6$rounds=999999999$salt${}", ".".repeat(86)),
        format!("$5$rounds=1000001$salt${}", ".".repeat(43)),
        format!("$P$S12345678{}", ".".repeat(22)),
        format!("$S$S12345678{}", ".".repeat(43)),
        "$argon2d$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "$argon2d$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        format!("bcrypt_sha256$$2b$31${}", ".".repeat(53)),
        // ASP.NET Identity v3 with 2^32-1 iterations.
        to_aspnet(u32::MAX),
    ] {
        assert_eq!(read(&text).unwrap_err(), Refusal::Costly, "{text}");
        let forged = format!("{MARK}x${text}");
        assert!(Legacy::parse(&forged).is_none(), "{text}");
    }
    let long = format!("{}:{hex64}", "a".repeat(128));
    assert_eq!(read(&long).unwrap_err(), Refusal::TooLong);
}

fn to_aspnet(iterations: u32) -> String {
    let mut bytes = vec![1, 0, 0, 0, 1];
    bytes.extend(iterations.to_be_bytes());
    bytes.extend([0, 0, 0, 16]);
    bytes.extend([7; 48]);
    text::to_base64(&bytes)
}

/// MIG-PWD-02: what is not whole is no hash.
#[test]
fn broken_texts_are_refused() {
    for (_, text) in KNOWN {
        let cut = &text[..text.len() - 1];
        let fits = read(cut).is_ok_and(|legacy| legacy.is_of(PASSWORD, &Peppers::default()));
        // Base64 is read without its padding, too.
        assert!(!fits || text.ends_with('='), "{cut}");
    }
    for text in [
        "",
        "secret",
        "$",
        "$1$",
        "$argon2d$",
        "$pbkdf2-sha256$",
        "pbkdf2_sha256$a$b$c",
        "pbkdf2_md5$1000$salt$AAAAAAAAAAAAAAAAAAAAAA==",
        "pbkdf2:sha256$salt$00",
        "scrypt:15:8:1$salt$00",
        "{SSHA}",
        "d\u{e9}j\u{e0}",
        "$passerelle$v=1,k=md5-hex$5f4dcc3b5aa765d61d8327deb882cf99",
    ] {
        assert_eq!(read(text).unwrap_err(), Refusal::Unknown, "{text}");
    }
    let plain = bcrypt::hash_with_salt("a", 4, [1; 16])
        .unwrap()
        .format_for_version(bcrypt::Version::TwoB);
    assert_eq!(read(&plain).unwrap_err(), Refusal::Plain);
    for forged in [
        "$passerelle$v=2,k=md5-hex$5f4dcc3b5aa765d61d8327deb882cf99",
        "$passerelle$v=1,k=sha1-hex$5f4dcc3b5aa765d61d8327deb882cf99",
        "$passerelle$v=1,k=md5-hex,t=rot13$5f4dcc3b5aa765d61d8327deb882cf99",
        "$passerelle$v=1,k=md5-hex$ 5f4dcc3b5aa765d61d8327deb882cf99",
        "$passerelle$",
    ] {
        assert!(Legacy::parse(forged).is_none(), "{forged}");
        // AUTH-PWD-07: nor does the admin API take any of them.
        assert!(!crate::password::is_known(forged));
    }
}

/// The cost of some formats grows with the password.
#[test]
fn an_endless_password_fits_nothing() {
    use sha1::Digest as _;
    let password = "a".repeat(LONGEST_PASSWORD + 1);
    let text = hex::encode(sha1::Sha1::digest(&password));
    assert!(!read(&text).unwrap().is_of(&password, &Peppers::default()));
    let password = &password[1..];
    let text = hex::encode(sha1::Sha1::digest(password));
    assert!(read(&text).unwrap().is_of(password, &Peppers::default()));
}
