//! What an old application did to a password before it hashed it.

use std::collections::BTreeMap;

use base::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::digest::Algorithm;
use super::text::to_base64;

/// Secrets that were mixed into every password, by name: `auth.legacy_peppers`.
#[derive(Debug, Default)]
pub(crate) struct Peppers(BTreeMap<String, Secret>);

impl Peppers {
    /// Reads the setting: a JSON object of texts.
    pub(crate) fn new(setting: &Secret) -> Result<Self, String> {
        if setting.is_empty() {
            return Ok(Self::default());
        }
        let read: BTreeMap<String, String> = serde_json::from_str(setting.expose())
            .map_err(|_| "not a JSON object of texts".to_owned())?;
        let named = |(name, value): (String, String)| (name, Secret::new(value));
        Ok(Self(read.into_iter().map(named).collect()))
    }
}

/// A digest that the old application made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the digests are named as everywhere")]
pub enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha1 => Algorithm::Sha1,
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha512 => Algorithm::Sha512,
        }
    }
}

/// One thing that was done to a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// Its digest in small hex digits stands for it: `sha1-hex`.
    Hex(Digest),
    /// Its digest in padded base64 stands for it: `sha256-base64`.
    Base64(Digest),
    /// A secret of this name stands before it: `prefix-pepper:NAME`.
    PrefixPepper(String),
    /// A secret of this name stands behind it: `append-pepper:NAME`.
    AppendPepper(String),
    /// This user's salt stands before it.
    PrefixSalt(Vec<u8>),
    /// This user's salt stands behind it.
    AppendSalt(Vec<u8>),
}

impl Transform {
    /// Reads a transform that is the same for everybody: `md5-hex`, `sha256-base64`, `append-pepper:NAME`.
    pub fn parse_common(text: &str) -> Option<Self> {
        if let Some((what, name)) = text.split_once(':') {
            let name = name.strip_prefix("ENV:").unwrap_or(name);
            let named = (1..=64).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return match what {
                "prefix-pepper" if named => Some(Self::PrefixPepper(name.to_owned())),
                "append-pepper" if named => Some(Self::AppendPepper(name.to_owned())),
                _ => None,
            };
        }
        let (name, encoding) = text.split_once('-')?;
        let digest = Digest::ALL
            .into_iter()
            .find(|digest| digest.algorithm().name() == name)?;
        match encoding {
            "hex" => Some(Self::Hex(digest)),
            "base64" => Some(Self::Base64(digest)),
            _ => None,
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Hex(digest) => format!("{}-hex", digest.algorithm().name()),
            Self::Base64(digest) => format!("{}-base64", digest.algorithm().name()),
            Self::PrefixPepper(name) => format!("prefix-pepper:{name}"),
            Self::AppendPepper(name) => format!("append-pepper:{name}"),
            Self::PrefixSalt(salt) => format!("prefix-salt:{}", URL_SAFE_NO_PAD.encode(salt)),
            Self::AppendSalt(salt) => format!("append-salt:{}", URL_SAFE_NO_PAD.encode(salt)),
        }
    }

    pub(super) fn write_list(all: &[Self]) -> String {
        all.iter().map(Self::write).collect::<Vec<_>>().join("+")
    }

    pub(super) fn parse_list(text: &str) -> Option<Vec<Self>> {
        let one = |text: &str| {
            if let Some(salt) = text.strip_prefix("prefix-salt:") {
                return URL_SAFE_NO_PAD.decode(salt).ok().map(Self::PrefixSalt);
            }
            if let Some(salt) = text.strip_prefix("append-salt:") {
                return URL_SAFE_NO_PAD.decode(salt).ok().map(Self::AppendSalt);
            }
            Self::parse_common(text)
        };
        text.split('+').map(one).collect()
    }

    /// What becomes of a password; none when the pepper is not there.
    pub(super) fn apply(&self, word: &[u8], peppers: &Peppers) -> Option<Vec<u8>> {
        let pepper = |name: &String| peppers.0.get(name).map(|secret| secret.expose().as_bytes());
        Some(match self {
            Self::Hex(digest) => hex::encode(digest.algorithm().digest(&[word])).into_bytes(),
            Self::Base64(digest) => to_base64(&digest.algorithm().digest(&[word])).into_bytes(),
            Self::PrefixPepper(name) => [pepper(name)?, word].concat(),
            Self::AppendPepper(name) => [word, pepper(name)?].concat(),
            Self::PrefixSalt(salt) => [salt, word].concat(),
            Self::AppendSalt(salt) => [word, salt].concat(),
        })
    }
}
