//! Stored passwords: what kind each one is, read completely, and what becomes of it.
//!
//! A column is rarely of one kind; every row is judged by itself. A text that only begins like a hash is
//! [`HashClass::Malformed`]: its user is created all the same, without that password. Nothing here keeps or
//! shows a stored value, and no value longer than [`MAX_BYTES`] is looked into.

mod crypt;
mod digest;
mod fate;
mod framework;
mod text;

use std::borrow::Cow;

pub use crypt::{Argon2Kind, Crypt};
pub use digest::{Algorithm, Encoding};
pub use fate::Carrier;
pub(crate) use fate::{Fate, is_checkable, is_transform, pepper, salt_column};
pub use framework::{Pbkdf2, Scrypt};

/// No format needs more; longer texts are [`HashClass::Unknown`].
pub const MAX_BYTES: usize = 4096;

/// What kind of password is stored: the format and the parameters that decide on its treatment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashClass {
    /// NULL.
    Null,
    /// Nothing but blanks.
    Empty,
    /// A marker that no password fits: `!`, `*`, `x`.
    Locked,
    /// A marker that the password is kept elsewhere: LDAP, SSO.
    Elsewhere,
    /// bcrypt, 60 characters.
    Bcrypt {
        /// `a`, `b`, `x` or `y`.
        variant: char,
        /// 4 to 31.
        cost: u8,
        /// How it is wrapped.
        wrapping: Wrapping,
    },
    /// bcrypt over a digest of the password.
    BcryptSha256 {
        /// Whose form.
        framework: &'static str,
    },
    /// Argon2.
    Argon2 {
        /// Which of the three.
        kind: Argon2Kind,
        /// Version 19 and parameters that every target takes.
        believed: bool,
        /// How it is wrapped.
        wrapping: Wrapping,
    },
    /// scrypt as Firebase exports it, with its parameters.
    Firebase,
    /// PBKDF2.
    Pbkdf2(Pbkdf2),
    /// scrypt.
    Scrypt(Scrypt),
    /// A hash of the `crypt` family.
    Crypt(Crypt),
    /// A plain digest.
    Digest {
        /// Of what kind.
        algorithm: Algorithm,
        /// How it is written.
        encoding: Encoding,
        /// The salt stands beside it in the same text.
        salted: bool,
    },
    /// Begins like a format and is not of it: the format's name.
    Malformed(&'static str),
    /// None of these; may be a password in the clear.
    Unknown,
}

/// What surrounds a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wrapping {
    /// Nothing.
    None,
    /// Blanks, as `char(n)` pads.
    Blanks,
    /// A framework's prefix.
    Prefix(&'static str),
}

/// What becomes of a stored password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Stored as it is.
    Import,
    /// Stored without the blanks around it.
    ImportTrimmed,
    /// Stored without the framework's prefix.
    ImportStripped,
    /// Carried in its old form, checked so at the first sign-in, and replaced then.
    Verifier,
    /// The user is created without a password: why.
    NoPassword(&'static str),
}

impl HashClass {
    /// The class of a column's value.
    pub fn of_nullable(stored: Option<&str>) -> Self {
        stored.map_or(Self::Null, Self::of)
    }

    /// The class of a stored text.
    pub fn of(stored: &str) -> Self {
        if stored.len() > MAX_BYTES {
            return Self::Unknown;
        }
        let trimmed = stored.trim();
        if trimmed.is_empty() {
            return Self::Empty;
        }
        let wrapping = if trimmed.len() == stored.len() {
            Wrapping::None
        } else {
            Wrapping::Blanks
        };
        if !trimmed.is_ascii() {
            return Self::Unknown;
        }
        text::marker(trimmed)
            .or_else(|| crypt::bcrypt(trimmed, wrapping))
            .or_else(|| crypt::argon2(trimmed, wrapping))
            .or_else(|| framework::firebase(trimmed, wrapping))
            .or_else(|| framework::prefixed(trimmed))
            .or_else(|| framework::passlib(trimmed))
            .or_else(|| crypt::modular(trimmed))
            .or_else(|| framework::bare(trimmed))
            .or_else(|| digest::digest(trimmed))
            .unwrap_or(Self::Unknown)
    }

    /// The class's name, the same in every release: `bcrypt-2b-12`, `sha256-hex`, `null`.
    pub fn label(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Empty => "empty".to_owned(),
            Self::Locked => "locked".to_owned(),
            Self::Elsewhere => "elsewhere".to_owned(),
            Self::Bcrypt {
                variant,
                cost,
                wrapping,
            } => format!(
                "{}bcrypt-2{variant}-{cost}{}",
                wrapping.before(),
                wrapping.after()
            ),
            Self::BcryptSha256 { framework } => format!("{framework}-bcrypt-sha256"),
            Self::Argon2 {
                kind,
                believed,
                wrapping,
            } => format!(
                "{}{}{}{}",
                wrapping.before(),
                kind.name(),
                if *believed { "" } else { "-other" },
                wrapping.after()
            ),
            Self::Firebase => "firebase-scrypt".to_owned(),
            Self::Pbkdf2(form) => form.label(),
            Self::Scrypt(form) => form.label().to_owned(),
            Self::Crypt(kind) => kind.label().to_owned(),
            Self::Digest {
                algorithm,
                encoding,
                salted,
            } => format!(
                "{}{}-{}",
                if *salted { "salted-" } else { "" },
                algorithm.name(),
                encoding.name()
            ),
            Self::Malformed(format) => format!("{format}-malformed"),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    /// What becomes of it; `native` is a target that has verifiers for legacy forms.
    pub fn treatment(&self, native: bool) -> Treatment {
        let legacy = if native {
            Treatment::Verifier
        } else {
            Treatment::NoPassword("the target cannot check this format")
        };
        match self {
            Self::Null => Treatment::NoPassword("none is stored"),
            Self::Empty => Treatment::NoPassword("it is empty"),
            Self::Locked => Treatment::NoPassword("a marker that no password fits"),
            Self::Elsewhere => Treatment::NoPassword("the password is kept elsewhere"),
            Self::Malformed(_) => Treatment::NoPassword("not a complete hash"),
            Self::Unknown => Treatment::NoPassword("the format is not known"),
            Self::Bcrypt { wrapping, .. }
            | Self::Argon2 {
                believed: true,
                wrapping,
                ..
            } => wrapping.treatment(),
            Self::Firebase => Treatment::Import,
            Self::Argon2 { .. }
            | Self::BcryptSha256 { .. }
            | Self::Pbkdf2(_)
            | Self::Scrypt(_)
            | Self::Crypt(_)
            | Self::Digest { .. } => legacy,
        }
    }

    /// A hash that is broken in no time once it leaks.
    pub fn is_weak(&self) -> bool {
        match self {
            Self::Digest { .. } => true,
            Self::Crypt(kind) => matches!(kind, Crypt::Md5 | Crypt::Apache),
            _ => false,
        }
    }

    /// Whether it is a hash of any known format, complete: what tells a password column from another.
    pub fn is_hash(&self) -> bool {
        !matches!(
            self,
            Self::Null
                | Self::Empty
                | Self::Locked
                | Self::Elsewhere
                | Self::Malformed(_)
                | Self::Unknown
        )
    }
}

/// The text for `auth.users.encrypted_password`, when the stored one can be imported: all of it, without the blanks
/// around it, or without a framework's prefix. Byte for byte the source's otherwise.
pub fn importable(stored: &str) -> Option<Cow<'_, str>> {
    match HashClass::of(stored).treatment(false) {
        Treatment::Import => Some(Cow::Borrowed(stored)),
        Treatment::ImportTrimmed => Some(Cow::Borrowed(stored.trim())),
        Treatment::ImportStripped => stripped(stored.trim()),
        Treatment::Verifier | Treatment::NoPassword(_) => None,
    }
}

/// What a framework's prefix stands before.
fn stripped(trimmed: &str) -> Option<Cow<'_, str>> {
    if let Some(hash) = trimmed.strip_prefix("bcrypt$") {
        return Some(Cow::Borrowed(hash));
    }
    let hash = trimmed
        .strip_prefix("argon2$")
        .or_else(|| trimmed.strip_prefix("{CRYPT}"))
        .or_else(|| trimmed.strip_prefix("{crypt}"))
        .or_else(|| trimmed.strip_prefix("{BLF-CRYPT}"))
        .or_else(|| trimmed.strip_prefix("{ARGON2}"))
        .or_else(|| trimmed.strip_prefix("{ARGON2ID}"))?;
    // Django writes `argon2$argon2id$v=…`, the others keep the dollar.
    Some(if hash.starts_with('$') {
        Cow::Borrowed(hash)
    } else {
        Cow::Owned(format!("${hash}"))
    })
}

impl Wrapping {
    fn treatment(self) -> Treatment {
        match self {
            Self::None => Treatment::Import,
            Self::Blanks => Treatment::ImportTrimmed,
            Self::Prefix(_) => Treatment::ImportStripped,
        }
    }

    fn before(self) -> String {
        match self {
            Self::Prefix(framework) => format!("{framework}-"),
            Self::None | Self::Blanks => String::new(),
        }
    }

    fn after(self) -> &'static str {
        match self {
            Self::Blanks => "-padded",
            Self::None | Self::Prefix(_) => "",
        }
    }
}

#[cfg(test)]
mod tests;
