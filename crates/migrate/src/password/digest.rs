//! Plain digests, with or without their salt beside them.

pub use auth::import::Algorithm;

use super::HashClass;
use super::text::{any_base64, base64, hex_bytes, is_salt};

/// How a digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64.
    Base64,
    /// Base64 behind a scheme in braces, as directories keep it: digest, then salt.
    Ldap,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Ldap => "ldap",
        }
    }
}

/// A digest by itself, `{SSHA}…`, `sha256$salt$hex`, `salt:hex` or `hex:salt`.
pub(super) fn digest(text: &str) -> Option<HashClass> {
    if let Some(class) = bare(text) {
        return Some(class);
    }
    if let Some((scheme, value)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return directory(scheme, value);
    }
    if let Some((name, rest)) = text.split_once(['$', ':'])
        && let Some(algorithm) = Algorithm::of_name(name)
    {
        return named(algorithm, rest);
    }
    let (left, right) = text.split_once([':', '$', '.'])?;
    let hex = |text: &str| hex_bytes(text).and_then(Algorithm::of_bytes);
    let algorithm = match (hex(left), hex(right)) {
        // Both look like digests: the longer is the digest, and the second where they are alike.
        (Some(first), Some(second)) => first.max(second),
        (Some(algorithm), None) if is_salt(right) => algorithm,
        (None, Some(algorithm)) if is_salt(left) => algorithm,
        _ => return None,
    };
    Some(HashClass::Digest {
        algorithm,
        encoding: Encoding::Hex,
        salted: true,
    })
}

fn bare(text: &str) -> Option<HashClass> {
    let class = |algorithm, encoding| HashClass::Digest {
        algorithm,
        encoding,
        salted: false,
    };
    if let Some(algorithm) = hex_bytes(text).and_then(Algorithm::of_bytes) {
        return Some(class(algorithm, Encoding::Hex));
    }
    // Without padding a base64 digest cannot be told from a word; 32 bytes of 44 characters always have it.
    let padded = text.len() >= 24 && text.ends_with('=') && text.len().is_multiple_of(4);
    let even = text.len() == 64 && text.bytes().any(|byte| matches!(byte, b'+' | b'/'));
    if !padded && !even {
        return None;
    }
    let algorithm = Algorithm::of_bytes(any_base64(text)?.len())?;
    Some(class(algorithm, Encoding::Base64))
}

/// `$salt$hex` behind the algorithm's name.
fn named(algorithm: Algorithm, rest: &str) -> Option<HashClass> {
    let malformed = Some(HashClass::Malformed(algorithm.name()));
    let (salt, output) = match rest.split_once(['$', ':']) {
        Some(parts) => parts,
        None => ("", rest),
    };
    let encoding = if hex_bytes(output) == Some(algorithm.bytes()) {
        Encoding::Hex
    } else if any_base64(output).is_some_and(|bytes| bytes.len() == algorithm.bytes()) {
        Encoding::Base64
    } else {
        return malformed;
    };
    if !salt.is_empty() && !is_salt(salt) {
        return malformed;
    }
    Some(HashClass::Digest {
        algorithm,
        encoding,
        salted: !salt.is_empty(),
    })
}

/// `{SSHA}` and the like: base64 of the digest, then the salt.
fn directory(scheme: &str, value: &str) -> Option<HashClass> {
    let scheme = scheme.to_ascii_uppercase();
    let (algorithm, salted) = match scheme.as_str() {
        "MD5" => (Algorithm::Md5, false),
        "SMD5" => (Algorithm::Md5, true),
        "SHA" => (Algorithm::Sha1, false),
        "SSHA" => (Algorithm::Sha1, true),
        "SHA256" => (Algorithm::Sha256, false),
        "SSHA256" => (Algorithm::Sha256, true),
        "SHA512" => (Algorithm::Sha512, false),
        "SSHA512" => (Algorithm::Sha512, true),
        _ => return None,
    };
    let fits = base64(value).is_some_and(|bytes| {
        if salted {
            (1..=64).contains(&bytes.len().saturating_sub(algorithm.bytes()))
        } else {
            bytes.len() == algorithm.bytes()
        }
    });
    Some(if fits {
        HashClass::Digest {
            algorithm,
            encoding: Encoding::Ldap,
            salted,
        }
    } else {
        HashClass::Malformed("ldap")
    })
}
