//! The forms in which frameworks keep PBKDF2, scrypt and pre-hashed bcrypt.

use super::digest::Algorithm;
use super::text::{ab64, any_base64, base64, hex_bytes, is_crypt64, is_salt, number};
use super::{HashClass, Wrapping};

/// PBKDF2, by whose form it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pbkdf2 {
    /// `pbkdf2_sha256$600000$salt$base64`
    Django(Algorithm),
    /// `$pbkdf2-sha256$29000$salt$hash`
    Passlib(Algorithm),
    /// `pbkdf2:sha256:600000$salt$hex`
    Werkzeug(Algorithm),
    /// Base64 of a zero byte, salt and key.
    AspNetV2,
    /// Base64 of a one byte, parameters, salt and key.
    AspNetV3,
}

impl Pbkdf2 {
    pub(super) fn label(self) -> String {
        match self {
            Self::Django(algorithm) => format!("django-pbkdf2-{}", algorithm.name()),
            Self::Passlib(algorithm) => format!("passlib-pbkdf2-{}", algorithm.name()),
            Self::Werkzeug(algorithm) => format!("werkzeug-pbkdf2-{}", algorithm.name()),
            Self::AspNetV2 => "aspnet-v2".to_owned(),
            Self::AspNetV3 => "aspnet-v3".to_owned(),
        }
    }
}

/// scrypt, by whose form it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scrypt {
    /// `scrypt:32768:8:1$salt$hex`
    Werkzeug,
    /// `scrypt$16384$salt$8$5$base64`
    Django,
    /// `$scrypt$ln=16,r=8,p=1$salt$hash`
    Passlib,
    /// 32 hex digits, a colon, 128 hex digits.
    Node,
}

impl Scrypt {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Werkzeug => "werkzeug-scrypt",
            Self::Django => "django-scrypt",
            Self::Passlib => "passlib-scrypt",
            Self::Node => "node-scrypt",
        }
    }
}

/// `$fbscrypt$v=1,n=…,r=…,p=…,ss=…,sk=…$salt$hash`
pub(super) fn firebase(text: &str, wrapping: Wrapping) -> Option<HashClass> {
    let rest = text.strip_prefix("$fbscrypt$")?;
    // The form is no other program's, so nobody pads it.
    let whole = wrapping == Wrapping::None && firebase_parts(rest).is_some();
    Some(if whole {
        HashClass::Firebase
    } else {
        HashClass::Malformed("firebase-scrypt")
    })
}

fn firebase_parts(rest: &str) -> Option<()> {
    let [options, salt, hash] = fields(rest, '$')?;
    let option = |name: &str| {
        options
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    let log_n = number(option("n")?).filter(|n| (1..31).contains(n))?;
    let (r, p) = (number(option("r")?)?, number(option("p")?)?);
    let memory = (128 * u64::from(r)) << log_n;
    let signer = base64(option("sk")?)?;
    base64(option("ss")?)?;
    base64(salt)?;
    let sizes = base64(hash)?.len() == signer.len() && !signer.is_empty();
    let fits = option("v")? == "1" && r > 0 && (1..=16).contains(&p) && memory <= 1 << 30;
    (sizes && fits).then_some(())
}

/// Forms that begin with a word: Django's and Werkzeug's.
pub(super) fn prefixed(text: &str) -> Option<HashClass> {
    if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
        return Some(match super::crypt::bcrypt(hash, Wrapping::None) {
            Some(HashClass::Bcrypt { .. }) => HashClass::BcryptSha256 {
                framework: "django",
            },
            _ => HashClass::Malformed("django-bcrypt-sha256"),
        });
    }
    if let Some(rest) = text.strip_prefix("pbkdf2_") {
        let class =
            django_pbkdf2(rest).map(|algorithm| HashClass::Pbkdf2(Pbkdf2::Django(algorithm)));
        return Some(class.unwrap_or(HashClass::Malformed("django-pbkdf2")));
    }
    if let Some(rest) = text.strip_prefix("pbkdf2:") {
        let class =
            werkzeug_pbkdf2(rest).map(|algorithm| HashClass::Pbkdf2(Pbkdf2::Werkzeug(algorithm)));
        return Some(class.unwrap_or(HashClass::Malformed("werkzeug-pbkdf2")));
    }
    if let Some(rest) = text.strip_prefix("scrypt:") {
        let whole = werkzeug_scrypt(rest).is_some();
        return Some(scrypt(Scrypt::Werkzeug, whole));
    }
    let rest = text.strip_prefix("scrypt$")?;
    Some(scrypt(Scrypt::Django, django_scrypt(rest).is_some()))
}

fn scrypt(form: Scrypt, whole: bool) -> HashClass {
    if whole {
        HashClass::Scrypt(form)
    } else {
        HashClass::Malformed(form.label())
    }
}

fn django_pbkdf2(rest: &str) -> Option<Algorithm> {
    let [name, iterations, salt, hash] = fields(rest, '$')?;
    let algorithm = Algorithm::of_name(name)?;
    let fits = number(iterations)? > 0 && is_salt(salt) && base64(hash)?.len() == algorithm.bytes();
    fits.then_some(algorithm)
}

fn django_scrypt(rest: &str) -> Option<()> {
    let [work, salt, block, lanes, hash] = fields(rest, '$')?;
    let fits = is_salt(salt) && work_factors(work, block, lanes)? && base64(hash)?.len() == 64;
    fits.then_some(())
}

fn werkzeug_pbkdf2(rest: &str) -> Option<Algorithm> {
    let [method, salt, hash] = fields(rest, '$')?;
    let mut method = method.split(':');
    let algorithm = Algorithm::of_name(method.next()?)?;
    // Old releases left the iterations out.
    let iterations = method.next().map_or(Some(1), number)?;
    let fits = method.next().is_none()
        && iterations > 0
        && is_salt(salt)
        && hex_bytes(hash)? == algorithm.bytes();
    fits.then_some(algorithm)
}

fn werkzeug_scrypt(rest: &str) -> Option<()> {
    let [method, salt, hash] = fields(rest, '$')?;
    let [work, block, lanes] = fields(method, ':')?;
    let fits = work_factors(work, block, lanes)? && is_salt(salt) && hex_bytes(hash)? == 64;
    fits.then_some(())
}

/// N is a power of two.
fn work_factors(work: &str, block: &str, lanes: &str) -> Option<bool> {
    let (work, block, lanes) = (number(work)?, number(block)?, number(lanes)?);
    Some(work > 1 && work.is_power_of_two() && block > 0 && lanes > 0)
}

/// passlib's forms in dollars.
pub(super) fn passlib(text: &str) -> Option<HashClass> {
    if let Some(rest) = text.strip_prefix("$bcrypt-sha256$") {
        return Some(if passlib_bcrypt(rest).is_some() {
            HashClass::BcryptSha256 {
                framework: "passlib",
            }
        } else {
            HashClass::Malformed("passlib-bcrypt-sha256")
        });
    }
    if let Some(rest) = text.strip_prefix("$scrypt$") {
        return Some(scrypt(Scrypt::Passlib, passlib_scrypt(rest).is_some()));
    }
    let rest = text.strip_prefix("$pbkdf2")?;
    let class = passlib_pbkdf2(rest).map(|algorithm| HashClass::Pbkdf2(Pbkdf2::Passlib(algorithm)));
    Some(class.unwrap_or(HashClass::Malformed("passlib-pbkdf2")))
}

fn passlib_pbkdf2(rest: &str) -> Option<Algorithm> {
    let [name, iterations, salt, hash] = fields(rest, '$')?;
    let algorithm = match name {
        "" => Algorithm::Sha1,
        name => Algorithm::of_name(name.strip_prefix('-')?)?,
    };
    ab64(salt)?;
    let fits = number(iterations)? > 0 && ab64(hash)?.len() == algorithm.bytes();
    fits.then_some(algorithm)
}

/// `v=2,t=2b,r=12$salt$hash`, formerly `2a,12$salt$hash`.
fn passlib_bcrypt(rest: &str) -> Option<()> {
    let [options, salt, hash] = fields(rest, '$')?;
    let (kind, cost) = match options.strip_prefix("v=2,t=") {
        Some(options) => options.split_once(",r=")?,
        None => options.split_once(',')?,
    };
    let fits = matches!(kind, "2a" | "2b" | "2y")
        && (4..=31).contains(&number(cost)?)
        && salt.len() == 22
        && hash.len() == 31
        && is_crypt64(salt)
        && is_crypt64(hash);
    fits.then_some(())
}

/// `ln=16,r=8,p=1$salt$hash`
fn passlib_scrypt(rest: &str) -> Option<()> {
    let [options, salt, hash] = fields(rest, '$')?;
    let [ln, r, p] = fields(options, ',')?;
    let value = |text: &str, name: &str| number(text.strip_prefix(name)?);
    any_base64(salt)?;
    let fits = (1..32).contains(&value(ln, "ln=")?)
        && value(r, "r=")? > 0
        && value(p, "p=")? > 0
        && any_base64(hash)?.len() == 32;
    fits.then_some(())
}

/// Forms without any mark: ASP.NET Identity's and Node's.
pub(super) fn bare(text: &str) -> Option<HashClass> {
    if let Some((salt, hash)) = text.split_once(':') {
        let node = hex_bytes(salt) == Some(16) && hex_bytes(hash) == Some(64);
        return node.then_some(HashClass::Scrypt(Scrypt::Node));
    }
    let bytes = base64(text).filter(|_| text.len().is_multiple_of(4))?;
    match *bytes.first()? {
        0 if bytes.len() == 49 => Some(HashClass::Pbkdf2(Pbkdf2::AspNetV2)),
        1 if aspnet_v3(&bytes).is_some() => Some(HashClass::Pbkdf2(Pbkdf2::AspNetV3)),
        _ => None,
    }
}

/// Pseudo-random function, iterations and salt length, big-endian; then salt and key.
fn aspnet_v3(bytes: &[u8]) -> Option<()> {
    let word = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    let (function, iterations, salt) = (word(1)?, word(5)?, word(9)?);
    let key = bytes.len().checked_sub(13 + usize::try_from(salt).ok()?)?;
    let fits = function <= 2
        && (1..=100_000_000).contains(&iterations)
        && (16..=128).contains(&salt)
        && (16..=128).contains(&key);
    fits.then_some(())
}

/// Exactly `N` fields.
fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let mut fields = [""; N];
    for field in &mut fields {
        *field = parts.next()?;
    }
    parts.next().is_none().then_some(fields)
}
