//! Plain digests, with their salt beside them or without one: MD5 and the SHA family.

use base::constant_time_eq;
use hmac::{Mac as _, SimpleHmac};

use super::text::{any_base64, base64, hex_bytes, is_salt};

/// Which digest, told by its length or its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 28 bytes.
    Sha224,
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Algorithm {
    /// By the length of what it makes, in bytes.
    pub fn of_bytes(bytes: usize) -> Option<Self> {
        Some(match bytes {
            16 => Self::Md5,
            20 => Self::Sha1,
            28 => Self::Sha224,
            32 => Self::Sha256,
            48 => Self::Sha384,
            64 => Self::Sha512,
            _ => return None,
        })
    }

    /// By the name that frameworks write, `sha256` or `sha-256`, in any case.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "md5" => Self::Md5,
            "sha" | "sha1" | "sha-1" => Self::Sha1,
            "sha224" | "sha-224" => Self::Sha224,
            "sha256" | "sha-256" => Self::Sha256,
            "sha384" | "sha-384" => Self::Sha384,
            "sha512" | "sha-512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Its name in lower case, without a hyphen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How long what it makes is, in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the parts, one after the other.
    pub(super) fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn over<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().to_vec()
        }
        match self {
            Self::Md5 => md5(parts).to_vec(),
            Self::Sha1 => over::<sha1::Sha1>(parts),
            Self::Sha224 => over::<sha2::Sha224>(parts),
            Self::Sha256 => over::<sha2::Sha256>(parts),
            Self::Sha384 => over::<sha2::Sha384>(parts),
            Self::Sha512 => over::<sha2::Sha512>(parts),
        }
    }

    /// HMAC; none for MD5, which no framework used so.
    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        macro_rules! over {
            ($digest:ty) => {{
                let mut mac = SimpleHmac::<$digest>::new_from_slice(key).ok()?;
                mac.update(message);
                Some(mac.finalize().into_bytes().to_vec())
            }};
        }
        match self {
            Self::Md5 => None,
            Self::Sha1 => over!(sha1::Sha1),
            Self::Sha224 => over!(sha2::Sha224),
            Self::Sha256 => over!(sha2::Sha256),
            Self::Sha384 => over!(sha2::Sha384),
            Self::Sha512 => over!(sha2::Sha512),
        }
    }
}

/// MD5 of the parts, one after the other.
pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    use md5::Digest as _;
    let mut digest = md5::Md5::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Hex,
    Base64,
    Ldap,
}

/// A digest, and the salt where there is one. Where the salt went is seldom written down: a digest fits one of the
/// usual ways at most, so all are tried.
pub(super) struct Digest {
    algorithm: Algorithm,
    encoding: Encoding,
    output: Vec<u8>,
    salt: Option<Vec<u8>>,
}

impl Digest {
    /// A digest by itself, `{SSHA}…`, `sha256$salt$hex`, `salt:hex` or `hex:salt`.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(digest) = Self::bare(text) {
            return Some(digest);
        }
        if let Some((scheme, value)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        {
            return Self::directory(scheme, value);
        }
        if let Some((name, rest)) = text.split_once(['$', ':'])
            && let Some(algorithm) = Algorithm::of_name(name)
        {
            return Self::named(algorithm, rest);
        }
        let (left, right) = text.split_once([':', '$', '.'])?;
        let hex = |text: &str| {
            let bytes = hex_bytes(text)?;
            Some((Algorithm::of_bytes(bytes.len())?, bytes))
        };
        let ((algorithm, output), salt) = match (hex(left), hex(right)) {
            // Both look like digests: the longer is the digest, and the second where they are alike.
            (Some(first), Some(second)) if first.0 > second.0 => (first, right),
            (_, Some(second)) if is_salt(left) => (second, left),
            (Some(first), None) if is_salt(right) => (first, right),
            _ => return None,
        };
        Some(Self {
            algorithm,
            encoding: Encoding::Hex,
            output,
            salt: Some(salt.as_bytes().to_vec()),
        })
    }

    fn bare(text: &str) -> Option<Self> {
        let digest = |output: Vec<u8>, encoding| {
            Some(Self {
                algorithm: Algorithm::of_bytes(output.len())?,
                encoding,
                output,
                salt: None,
            })
        };
        if let Some(output) = hex_bytes(text)
            && let Some(digest) = digest(output, Encoding::Hex)
        {
            return Some(digest);
        }
        // Without padding a base64 digest cannot be told from a word; 32 bytes of 44 characters always have it.
        let padded = text.len() >= 24 && text.ends_with('=') && text.len().is_multiple_of(4);
        let even = text.len() == 64 && text.bytes().any(|byte| matches!(byte, b'+' | b'/'));
        if !padded && !even {
            return None;
        }
        digest(any_base64(text)?, Encoding::Base64)
    }

    /// `$salt$hex` behind the algorithm's name.
    fn named(algorithm: Algorithm, rest: &str) -> Option<Self> {
        let (salt, written) = rest.split_once(['$', ':']).unwrap_or(("", rest));
        let fits = |output: &Vec<u8>| output.len() == algorithm.bytes();
        let (output, encoding) = match hex_bytes(written).filter(fits) {
            Some(output) => (output, Encoding::Hex),
            None => (any_base64(written).filter(fits)?, Encoding::Base64),
        };
        if !salt.is_empty() && !is_salt(salt) {
            return None;
        }
        Some(Self {
            algorithm,
            encoding,
            output,
            salt: (!salt.is_empty()).then(|| salt.as_bytes().to_vec()),
        })
    }

    /// `{SSHA}` and the like: base64 of the digest, then the salt.
    fn directory(scheme: &str, value: &str) -> Option<Self> {
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
        let mut output = base64(value)?;
        if output.len() < algorithm.bytes() {
            return None;
        }
        let salt = output.split_off(algorithm.bytes());
        let fits = if salted {
            (1..=64).contains(&salt.len())
        } else {
            salt.is_empty()
        };
        fits.then(|| Self {
            algorithm,
            encoding: Encoding::Ldap,
            output,
            salt: salted.then_some(salt),
        })
    }

    pub(super) fn kind(&self) -> String {
        let salted = if self.salt.is_some() { "salted-" } else { "" };
        let encoding = match self.encoding {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
            Encoding::Ldap => "ldap",
        };
        format!("{salted}{}-{encoding}", self.algorithm.name())
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        let is = |output: &[u8]| constant_time_eq(output, &self.output);
        let Some(salt) = &self.salt else {
            return is(&self.algorithm.digest(&[word]));
        };
        // All of them, whichever fits: the time tells nothing.
        let before = is(&self.algorithm.digest(&[salt, word]));
        let after = is(&self.algorithm.digest(&[word, salt]));
        let keyed = self.algorithm.hmac(salt, word);
        before | after | keyed.is_some_and(|output| is(&output))
    }
}
