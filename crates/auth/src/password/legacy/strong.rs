//! Argon2 in kinds that the auth service does not make, and bcrypt over something else than the password.

use ::argon2::{Algorithm as Kind, Params, Version};
use base::constant_time_eq;

use super::Refusal;
use super::digest::Algorithm;
use super::text::{base64, fields, is_crypt64, number, to_base64};

/// Greatest memory in KiB: a gigabyte.
const MOST_MEMORY: u32 = 1 << 20;
/// Greatest memory in KiB times passes: about four seconds.
const MOST_WORK: u64 = 1 << 22;
/// Greatest work factor of bcrypt: about two seconds of a slow core.
const MOST_COST: u32 = 14;

pub(super) struct Argon2 {
    kind: Kind,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Argon2 {
    /// None when the text is of another format.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        // Django writes `argon2$argon2id$…`.
        let rest = text.strip_prefix("argon2").map_or_else(
            || {
                text.strip_prefix('$')
                    .filter(|rest| rest.starts_with("argon2"))
            },
            |rest| rest.strip_prefix('$'),
        )?;
        Some(Self::parts(rest).unwrap_or(Err(Refusal::Unknown)))
    }

    fn parts(hash: &str) -> Option<Result<Self, Refusal>> {
        let mut parts = hash.split('$');
        let kind = Kind::new(parts.next()?).ok()?;
        let mut next = parts.next()?;
        // Version 16 was written without naming itself.
        let version = match next.strip_prefix("v=") {
            Some(version) => {
                next = parts.next()?;
                Version::try_from(number(version)?).ok()?
            }
            None => Version::V0x10,
        };
        let [memory, passes, lanes] = fields(next, ',')?;
        let value = |text: &str, name: &str| number(text.strip_prefix(name)?);
        let (memory, passes, lanes) = (
            value(memory, "m=")?,
            value(passes, "t=")?,
            value(lanes, "p=")?,
        );
        let (salt, output) = (base64(parts.next()?)?, base64(parts.next()?)?);
        if parts.next().is_some() || !(8..=64).contains(&salt.len()) {
            return None;
        }
        if memory > MOST_MEMORY || u64::from(memory) * u64::from(passes) > MOST_WORK {
            return Some(Err(Refusal::Costly));
        }
        let params = Params::new(memory, passes, lanes, Some(output.len())).ok()?;
        Some(Ok(Self {
            kind,
            version,
            params,
            salt,
            output,
        }))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Argon2d => "argon2d",
            Kind::Argon2i => "argon2i",
            Kind::Argon2id => "argon2id",
        }
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        let mut output = vec![0; self.output.len()];
        ::argon2::Argon2::new(self.kind, self.version, self.params.clone())
            .hash_password_into(word, &self.salt, &mut output)
            .is_ok()
            && constant_time_eq(&output, &self.output)
    }
}

/// What bcrypt was computed over.
enum Over {
    /// The password, changed as the plan says.
    Word,
    /// The hex digits of its SHA-256: Django's `bcrypt_sha256`.
    Hex,
    /// The base64 of its SHA-256: passlib's first `bcrypt_sha256`.
    Base64,
    /// The base64 of its HMAC-SHA-256 under the salt: the second.
    Keyed,
}

pub(super) struct Bcrypt {
    over: Over,
    hash: String,
}

impl Bcrypt {
    /// None when the text is of another format.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let read = if text.starts_with("$2") {
            Some((Over::Word, text.to_owned()))
        } else if let Some(hash) = text.strip_prefix("bcrypt$") {
            Some((Over::Word, hash.to_owned()))
        } else if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
            Some((Over::Hex, hash.to_owned()))
        } else {
            Self::passlib(text.strip_prefix("$bcrypt-sha256$")?)
        };
        let read = read.filter(|(_, hash)| super::super::is_bcrypt(hash));
        Some(match read {
            Some((_, hash)) if super::super::bcrypt_cost(&hash) > Some(MOST_COST) => {
                Err(Refusal::Costly)
            }
            Some((over, hash)) => Ok(Self { over, hash }),
            None => Err(Refusal::Unknown),
        })
    }

    /// `v=2,t=2b,r=12$salt$hash`, formerly `2a,12$salt$hash`.
    fn passlib(rest: &str) -> Option<(Over, String)> {
        let [options, salt, hash] = fields(rest, '$')?;
        let (over, (kind, cost)) = match options.strip_prefix("v=2,t=") {
            Some(options) => (Over::Keyed, options.split_once(",r=")?),
            None => (Over::Base64, options.split_once(',')?),
        };
        let cost = number(cost)?;
        let whole = salt.len() == 22 && hash.len() == 31 && is_crypt64(salt) && is_crypt64(hash);
        whole.then(|| (over, format!("${kind}${cost:02}${salt}{hash}")))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.over {
            Over::Word => "bcrypt",
            Over::Hex => "django-bcrypt-sha256",
            Over::Base64 | Over::Keyed => "passlib-bcrypt-sha256",
        }
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        let sha256 = Algorithm::Sha256;
        let word = match self.over {
            Over::Word => word.to_vec(),
            Over::Hex => hex::encode(sha256.digest(&[word])).into_bytes(),
            Over::Base64 => to_base64(&sha256.digest(&[word])).into_bytes(),
            // The salt's 22 letters, not its bytes.
            Over::Keyed => match sha256.hmac(&self.hash.as_bytes()[7..29], word) {
                Some(mac) => to_base64(&mac).into_bytes(),
                None => return false,
            },
        };
        bcrypt::verify(word, &self.hash).unwrap_or(false)
    }
}
