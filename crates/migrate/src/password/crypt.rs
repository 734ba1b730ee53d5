//! bcrypt, Argon2 and the other hashes of the `crypt` family.

use super::text::{base64, is_crypt64, is_salt, number};
use super::{HashClass, Wrapping};

/// Which Argon2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Argon2Kind {
    /// `argon2i`
    I,
    /// `argon2d`
    D,
    /// `argon2id`
    Id,
}

impl Argon2Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::I => "argon2i",
            Self::D => "argon2d",
            Self::Id => "argon2id",
        }
    }
}

/// A format of the `crypt` family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Crypt {
    /// `$1$`
    Md5,
    /// `$apr1$`
    Apache,
    /// `$5$`
    Sha256,
    /// `$6$`
    Sha512,
    /// `$P$`, `$H$`
    Phpass,
    /// `$S$`
    Drupal,
}

impl Crypt {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Md5 => "md5-crypt",
            Self::Apache => "apr1-crypt",
            Self::Sha256 => "sha256-crypt",
            Self::Sha512 => "sha512-crypt",
            Self::Phpass => "phpass",
            Self::Drupal => "drupal-sha512",
        }
    }
}

/// `$2b$12$` and 53 characters, perhaps behind a framework's prefix.
pub(super) fn bcrypt(text: &str, wrapping: Wrapping) -> Option<HashClass> {
    let (hash, wrapping) = if let Some(rest) = text.strip_prefix("bcrypt$") {
        (rest, Wrapping::Prefix("django"))
    } else if let Some(rest) = braced(text).filter(|rest| rest.starts_with("$2")) {
        (rest, Wrapping::Prefix("dovecot"))
    } else {
        (text, wrapping)
    };
    if !hash.starts_with("$2") {
        return (hash.len() != text.len()).then_some(HashClass::Malformed("bcrypt"));
    }
    let (variant, cost) = bcrypt_head(hash).filter(|_| hash.len() == 60).unzip();
    let whole = variant.zip(cost).filter(|_| is_crypt64(&hash[7..]));
    Some(match whole {
        Some((variant, cost)) => HashClass::Bcrypt {
            variant,
            cost,
            wrapping,
        },
        None => HashClass::Malformed("bcrypt"),
    })
}

fn bcrypt_head(hash: &str) -> Option<(char, u8)> {
    let bytes = hash.as_bytes();
    let variant = char::from(*bytes.get(2)?);
    if !matches!(variant, 'a' | 'b' | 'x' | 'y') || bytes.get(3) != Some(&b'$') {
        return None;
    }
    let cost = hash.get(4..6)?;
    if !cost.bytes().all(|byte| byte.is_ascii_digit()) || bytes.get(6) != Some(&b'$') {
        return None;
    }
    let cost = cost.parse().ok()?;
    (4..=31).contains(&cost).then_some((variant, cost))
}

/// What a scheme in braces, as mail servers write it, stands before.
fn braced(text: &str) -> Option<&str> {
    [
        "{CRYPT}",
        "{crypt}",
        "{BLF-CRYPT}",
        "{ARGON2}",
        "{ARGON2ID}",
    ]
    .iter()
    .find_map(|scheme| text.strip_prefix(scheme))
}

/// `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`
pub(super) fn argon2(text: &str, wrapping: Wrapping) -> Option<HashClass> {
    let (hash, wrapping) = if let Some(rest) = text.strip_prefix("argon2$") {
        (rest, Wrapping::Prefix("django"))
    } else if let Some(rest) = braced(text).filter(|rest| rest.starts_with("$argon2")) {
        (
            rest.strip_prefix('$').unwrap_or(rest),
            Wrapping::Prefix("dovecot"),
        )
    } else if let Some(rest) = text
        .strip_prefix('$')
        .filter(|rest| rest.starts_with("argon2"))
    {
        (rest, wrapping)
    } else {
        return None;
    };
    Some(argon2_parts(hash, wrapping).unwrap_or(HashClass::Malformed("argon2")))
}

fn argon2_parts(hash: &str, wrapping: Wrapping) -> Option<HashClass> {
    let mut parts = hash.split('$');
    let kind = match parts.next()? {
        "argon2i" => Argon2Kind::I,
        "argon2d" => Argon2Kind::D,
        "argon2id" => Argon2Kind::Id,
        _ => return None,
    };
    let mut next = parts.next()?;
    // Version 16 was written without naming itself.
    let version = match next.strip_prefix("v=") {
        Some(version) => {
            next = parts.next()?;
            number(version)?
        }
        None => 16,
    };
    let mut settings = next.split(',');
    let mut setting = |name: &str| number(settings.next()?.strip_prefix(name)?.strip_prefix('=')?);
    let (memory, passes, lanes) = (setting("m")?, setting("t")?, setting("p")?);
    let extra = settings.next().is_some();
    let (salt, output) = (parts.next()?, parts.next()?);
    if parts.next().is_some() || salt.contains('=') || output.contains('=') {
        return None;
    }
    let (salt_bytes, output_bytes) = (base64(salt)?, base64(output)?);
    let sizes = (8..=48).contains(&salt_bytes.len()) && (10..=64).contains(&output_bytes.len());
    if !sizes || passes == 0 || lanes == 0 || !matches!(version, 16 | 19) || memory / 8 < lanes {
        return None;
    }
    let believed = matches!(kind, Argon2Kind::I | Argon2Kind::Id)
        && version == 19
        && !extra
        && memory <= 1 << 20
        && passes <= 20
        && lanes <= 16;
    Some(HashClass::Argon2 {
        kind,
        believed,
        wrapping,
    })
}

/// `$1$`, `$apr1$`, `$5$`, `$6$`, `$P$`, `$H$`, `$S$`.
pub(super) fn modular(text: &str) -> Option<HashClass> {
    let text = braced(text)
        .filter(|rest| rest.starts_with('$'))
        .unwrap_or(text);
    let (id, rest) = text.strip_prefix('$')?.split_once('$')?;
    let (kind, whole) = match id {
        "1" => (Crypt::Md5, salt_and_sum(rest, 8, 22)),
        "apr1" => (Crypt::Apache, salt_and_sum(rest, 8, 22)),
        "5" => (Crypt::Sha256, rounds_salt_and_sum(rest, 43)),
        "6" => (Crypt::Sha512, rounds_salt_and_sum(rest, 86)),
        "P" | "H" => (Crypt::Phpass, rest.len() == 31 && is_crypt64(rest)),
        "S" => (Crypt::Drupal, rest.len() == 52 && is_crypt64(rest)),
        _ => return None,
    };
    Some(if whole {
        HashClass::Crypt(kind)
    } else {
        HashClass::Malformed(kind.label())
    })
}

fn salt_and_sum(rest: &str, longest_salt: usize, sum: usize) -> bool {
    rest.split_once('$').is_some_and(|(salt, output)| {
        salt.len() <= longest_salt
            && (salt.is_empty() || is_salt(salt))
            && output.len() == sum
            && is_crypt64(output)
    })
}

fn rounds_salt_and_sum(rest: &str, sum: usize) -> bool {
    let rest = match rest.strip_prefix("rounds=") {
        Some(tail) => match tail.split_once('$') {
            Some((rounds, tail))
                if number(rounds).is_some_and(|rounds| (1_000..=999_999_999).contains(&rounds)) =>
            {
                tail
            }
            _ => return false,
        },
        None => rest,
    };
    salt_and_sum(rest, 16, sum)
}
