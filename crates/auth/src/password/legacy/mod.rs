//! Hashes of old applications, in forms that the auth service does not make itself: checked once, then replaced.
//!
//! They come in through [`crate::import`] alone and stand in `auth.users.encrypted_password` behind a mark:
//!
//! ```text
//! $passerelle$v=1,k=django-pbkdf2-sha256$pbkdf2_sha256$600000$salt$base64
//! $passerelle$v=1,k=bcrypt,t=sha1-hex+append-pepper:OLD_PEPPER$$2b$12$…
//! ```
//!
//! `k` names the format, `t` what the old application did to the password before it hashed it, and everything after the
//! next dollar is the source's text, byte for byte. What would take longer than a few seconds is refused on the way in
//! and again when it is read. The reasons are in `docs/decisions/0009-hashes-of-old-applications.md`.

mod crypt;
mod digest;
mod pbkdf2;
mod scrypt;
mod strong;
mod text;
mod transform;

use base::Secret;

pub use digest::Algorithm;
pub(crate) use transform::Peppers;
pub use transform::{Digest as TransformDigest, Transform};

/// What every stored form begins with.
const MARK: &str = "$passerelle$v=1,k=";
/// As much as `auth.users.encrypted_password` holds.
const COLUMN: usize = 255;
/// Longer passwords fit no old hash: the cost of some formats grows with the password.
const LONGEST_PASSWORD: usize = 256;

/// Why a hash cannot be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No format that can be checked.
    #[error("the format is not known")]
    Unknown,
    /// Checking it would take longer than a few seconds, or more memory than there is for it.
    #[error("its parameters ask for more work than a sign-in may cost")]
    Costly,
    /// With its description it does not fit into the column of 255 characters.
    #[error("it is too long")]
    TooLong,
    /// The auth service checks it as it is: [`crate::import::accepts_hash`].
    #[error("it is believed as it is")]
    Plain,
}

/// A hash of an old application, read completely.
pub struct Legacy {
    scheme: Scheme,
    transforms: Vec<Transform>,
    text: String,
}

enum Scheme {
    Digest(digest::Digest),
    Pbkdf2(pbkdf2::Pbkdf2),
    Scrypt(scrypt::Scrypt),
    Crypt(crypt::Crypt),
    Argon2(strong::Argon2),
    Bcrypt(strong::Bcrypt),
}

impl Legacy {
    /// Reads the text that an old application has stored. `transforms` are what it did to a password, in this order,
    /// before it hashed it.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing may be stored, the user gets no password.
    pub fn read(stored: &str, transforms: Vec<Transform>) -> Result<Self, Refusal> {
        let stored = stored.trim();
        if stored.len() > COLUMN {
            return Err(Refusal::TooLong);
        }
        if transforms.is_empty() && super::is_known(stored) {
            return Err(Refusal::Plain);
        }
        let legacy = Self {
            scheme: Scheme::read(stored)?,
            transforms,
            text: stored.to_owned(),
        };
        if legacy.form().len() > COLUMN {
            return Err(Refusal::TooLong);
        }
        Ok(legacy)
    }

    /// The text for `auth.users.encrypted_password`.
    pub fn stored(&self) -> Secret {
        Secret::new(self.form())
    }

    /// The format's name, the same in every release: `django-pbkdf2-sha256`, `sha256-hex`.
    pub fn kind(&self) -> String {
        self.scheme.kind()
    }

    /// Reads a stored form back; none when it is none, or asks for more than is allowed.
    pub(super) fn parse(stored: &str) -> Option<Self> {
        let (head, text) = stored.strip_prefix(MARK)?.split_once('$')?;
        let (kind, transforms) = match head.split_once(",t=") {
            Some((kind, list)) => (kind, Transform::parse_list(list)?),
            None => (head, Vec::new()),
        };
        let legacy = Self::read(text, transforms).ok()?;
        (legacy.kind() == kind && legacy.text == text).then_some(legacy)
    }

    /// Whether it is the hash of a password. Takes as long for a wrong one as for the right one.
    pub(super) fn is_of(&self, password: &str, peppers: &Peppers) -> bool {
        if password.len() > LONGEST_PASSWORD {
            return false;
        }
        let mut word = password.as_bytes().to_vec();
        for transform in &self.transforms {
            let Some(changed) = transform.apply(&word, peppers) else {
                tracing::warn!("an old hash needs a pepper that auth.legacy_peppers does not have");
                return false;
            };
            word = changed;
        }
        self.scheme.is_of(&word)
    }

    fn form(&self) -> String {
        let mut form = format!("{MARK}{}", self.kind());
        if !self.transforms.is_empty() {
            form.push_str(",t=");
            form.push_str(&Transform::write_list(&self.transforms));
        }
        form.push('$');
        form.push_str(&self.text);
        form
    }
}

impl std::fmt::Debug for Legacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Legacy({}, …)", self.kind())
    }
}

/// Whether a text in `auth.users.encrypted_password` is an old application's, still to be replaced.
pub(crate) fn is_marked(stored: &str) -> bool {
    stored.starts_with("$passerelle$")
}

/// Whether a text is a stored form, within the limits.
pub(crate) fn is_stored_form(stored: &str) -> bool {
    Legacy::parse(stored).is_some()
}

impl Scheme {
    /// One format after another; the marks of no two are the same, and what has none comes last.
    fn read(text: &str) -> Result<Self, Refusal> {
        if !text.is_ascii() {
            return Err(Refusal::Unknown);
        }
        let text = text::unbraced(text);
        strong::Bcrypt::read(text)
            .map(|read| read.map(Self::Bcrypt))
            .or_else(|| strong::Argon2::read(text).map(|read| read.map(Self::Argon2)))
            .or_else(|| pbkdf2::Pbkdf2::read(text).map(|read| read.map(Self::Pbkdf2)))
            .or_else(|| scrypt::Scrypt::read(text).map(|read| read.map(Self::Scrypt)))
            .or_else(|| crypt::Crypt::read(text).map(|read| read.map(Self::Crypt)))
            .or_else(|| digest::Digest::read(text).map(|digest| Ok(Self::Digest(digest))))
            .unwrap_or(Err(Refusal::Unknown))
    }

    fn kind(&self) -> String {
        match self {
            Self::Digest(digest) => digest.kind(),
            Self::Pbkdf2(pbkdf2) => pbkdf2.kind(),
            Self::Scrypt(scrypt) => scrypt.kind().to_owned(),
            Self::Crypt(crypt) => crypt.kind().to_owned(),
            Self::Argon2(argon2) => argon2.kind().to_owned(),
            Self::Bcrypt(bcrypt) => bcrypt.kind().to_owned(),
        }
    }

    fn is_of(&self, word: &[u8]) -> bool {
        match self {
            Self::Digest(digest) => digest.is_of(word),
            Self::Pbkdf2(pbkdf2) => pbkdf2.is_of(word),
            Self::Scrypt(scrypt) => scrypt.is_of(word),
            Self::Crypt(crypt) => crypt.is_of(word),
            Self::Argon2(argon2) => argon2.is_of(word),
            Self::Bcrypt(bcrypt) => bcrypt.is_of(word),
        }
    }
}

#[cfg(test)]
mod tests;
