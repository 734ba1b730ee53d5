//! Passwords: their rules, hashing them, and the hashes that are believed.

mod firebase;
pub(crate) mod legacy;
mod pwned;

use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use base::SharedRandom;
use tokio::sync::Semaphore;

use crate::Error;
use firebase::Firebase;
use legacy::Legacy;
pub(crate) use legacy::Peppers;
pub(crate) use pwned::Pwned;

/// bcrypt looks at no more.
const MAX_BYTES: usize = 72;

/// What a password must be like.
#[derive(Debug)]
pub(crate) struct Rules {
    min_length: usize,
    sets: Vec<String>,
}

impl Rules {
    pub(crate) fn new(settings: &settings::Auth) -> Self {
        Self {
            min_length: settings.password_min_length.max(6),
            sets: split_sets(&settings.password_required_characters),
        }
    }

    /// Every password that is to be stored.
    pub(crate) fn check_length(password: &str) -> Result<(), Error> {
        if password.len() > MAX_BYTES {
            return Err(Error::validation(
                "Password cannot be longer than 72 characters",
            ));
        }
        Ok(())
    }

    /// What is wrong with a password: sentences and reasons.
    pub(crate) fn weakness(&self, password: &str) -> Option<(String, Vec<&'static str>)> {
        let mut sentences = Vec::new();
        let mut reasons = Vec::new();
        if password.len() < self.min_length {
            sentences.push(format!(
                "Password should be at least {} characters.",
                self.min_length
            ));
            reasons.push("length");
        }
        let missing = |set: &String| !set.is_empty() && !password.contains(|c| set.contains(c));
        if self.sets.iter().any(missing) {
            sentences.push(format!(
                "Password should contain at least one character of each: {}.",
                self.sets.join(", ")
            ));
            reasons.push("characters");
        }
        (!reasons.is_empty()).then(|| (sentences.join(" "), reasons))
    }
}

/// `abc:0\:9` are the sets `abc` and `0:9`.
fn split_sets(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut sets = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let last = sets.last_mut().expect("there is always a set");
        match c {
            '\\' if chars.peek() == Some(&':') => {
                chars.next();
                last.push(':');
            }
            ':' => sets.push(String::new()),
            _ => last.push(c),
        }
    }
    sets
}

/// Hashes passwords on as many threads as there are cores.
#[derive(Debug)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    /// Places to wait in; who finds none is told to come back.
    queue: Arc<Semaphore>,
    wait: Duration,
    cost: u32,
    max_cost: u32,
    peppers: Arc<Peppers>,
    random: SharedRandom,
}

/// What came of a password.
#[derive(Debug)]
pub(crate) struct Checked {
    /// It is the right one.
    pub(crate) good: bool,
    /// The hash to be stored instead of an old application's, once whoever knows the password is let in.
    pub(crate) renewed: Option<String>,
}

impl Hasher {
    pub(crate) fn new(settings: &settings::Auth, random: SharedRandom) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            places: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + settings.hash_queue)),
            wait: settings.hash_wait,
            cost: settings.bcrypt_cost,
            max_cost: settings.bcrypt_max_cost,
            peppers: Arc::default(),
            random,
        }
    }

    /// With the secrets that hashes of old applications need.
    pub(crate) fn with_peppers(self, peppers: Peppers) -> Self {
        Self {
            peppers: Arc::new(peppers),
            ..self
        }
    }

    /// A new hash.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Error> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        let (password, cost) = (password.to_owned(), self.cost);
        self.work(move || {
            bcrypt::hash_with_salt(password, cost, salt)
                .map(|parts| parts.format_for_version(bcrypt::Version::TwoA))
        })
        .await?
        .map_err(|error| Error::Internal(error.to_string()))
    }

    /// Whether `password` is the one behind `stored`; without `stored` it takes as long and says no.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        Ok(self.check(password, stored).await?.good)
    }

    /// The same; where `stored` is an old application's and fits, with the hash that is to replace it.
    pub(crate) async fn check(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Checked, Error> {
        let stored = stored.filter(|stored| !stored.is_empty());
        let plain = stored.filter(|stored| !legacy::is_marked(stored));
        let Some(stored) = plain else {
            // One that cannot be read counts as none.
            let legacy = stored.and_then(Legacy::parse);
            return self.replace(password, legacy).await;
        };
        let checked = |good| Checked {
            good,
            renewed: None,
        };
        if let Some(cost) = bcrypt_cost(stored).filter(|cost| *cost > self.max_cost) {
            // One of these would keep a core busy for many minutes.
            tracing::warn!(cost, "a stored bcrypt hash is too expensive to be computed");
            return Ok(checked(false));
        }
        let (password, stored) = (password.to_owned(), stored.to_owned());
        self.work(move || matches(&password, &stored))
            .await
            .map(checked)
    }

    /// Hashes the password as a new one would be, whatever is stored and whether it fits: a hash that is cheap to check,
    /// or none at all, is not answered sooner.
    async fn replace(&self, password: &str, legacy: Option<Legacy>) -> Result<Checked, Error> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        let (password, cost) = (password.to_owned(), self.cost);
        let peppers = Arc::clone(&self.peppers);
        self.work(move || {
            let renewed = bcrypt::hash_with_salt(&password, cost, salt);
            let good = legacy.is_some_and(|legacy| legacy.is_of(&password, &peppers));
            // bcrypt would forget the end of a long password.
            let renewed = if password.len() > MAX_BYTES {
                good.then(|| argon2id(&password, salt)).flatten()
            } else {
                let text = |it: bcrypt::HashParts| it.format_for_version(bcrypt::Version::TwoB);
                renewed.ok().filter(|_| good).map(text)
            };
            Checked { good, renewed }
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let queued = Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| Error::Busy)?;
        let place = tokio::time::timeout(self.wait, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| Error::Busy)?
            .map_err(|error| Error::Internal(error.to_string()))?;
        // The place is kept until the work is done, even when the one who asked has gone.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, queued));
            done
        })
        .await
        .map_err(|error| Error::Internal(error.to_string()))
    }
}

/// Argon2id with the parameters that are the library's default, those of OWASP.
fn argon2id(password: &str, salt: [u8; 16]) -> Option<String> {
    use argon2::PasswordHasher as _;
    let salt = argon2::password_hash::SaltString::encode_b64(&salt).ok()?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Some(hash.ok()?.to_string())
}

/// Whether a hash is of the kinds that replace an old application's: new passwords are hashed with `$2a$`.
pub(crate) fn is_renewed(stored: &str) -> bool {
    stored.starts_with("$2b$") || stored.starts_with("$argon2id$")
}

/// A hash of a kind that is believed.
enum Known<'a> {
    Bcrypt,
    Argon2(Box<PasswordHash<'a>>),
    Firebase(Firebase),
}

fn known(stored: &str) -> Option<Known<'_>> {
    if is_bcrypt(stored) {
        return Some(Known::Bcrypt);
    }
    if stored.starts_with(firebase::PREFIX) {
        return Firebase::parse(stored).map(Known::Firebase);
    }
    let hash = PasswordHash::new(stored).ok()?;
    let number = |name: &str| hash.params.get_decimal(name);
    let good = matches!(hash.algorithm.as_str(), "argon2i" | "argon2id")
        && hash.version == Some(19)
        && hash.params.iter().count() == 3
        && number("m").is_some_and(|m| m <= 1_048_576)
        && number("t").is_some_and(|t| (1..=20).contains(&t))
        && number("p").is_some_and(|p| (1..=16).contains(&p))
        && hash.salt.is_some()
        && hash.hash.is_some();
    good.then(|| Known::Argon2(Box::new(hash)))
}

/// The work factor of a bcrypt hash.
fn bcrypt_cost(stored: &str) -> Option<u32> {
    if stored.is_ascii() && is_bcrypt(stored) {
        stored[4..6].parse().ok()
    } else {
        None
    }
}

fn is_bcrypt(stored: &str) -> bool {
    let bytes = stored.as_bytes();
    bytes.len() == 60
        && ["$2a$", "$2b$", "$2y$", "$2x$"]
            .iter()
            .any(|prefix| stored.starts_with(prefix))
        && bytes[6] == b'$'
        && stored[4..6]
            .parse::<u32>()
            .is_ok_and(|cost| (4..=31).contains(&cost))
        && stored[7..]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

/// Whether a hash from elsewhere can be stored.
pub(crate) fn is_known(stored: &str) -> bool {
    stored.is_ascii() && known(stored).is_some()
}

fn matches(password: &str, stored: &str) -> bool {
    if !stored.is_ascii() {
        return false;
    }
    match known(stored) {
        Some(Known::Bcrypt) => bcrypt::verify(password, stored).unwrap_or(false),
        Some(Known::Argon2(hash)) => Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok(),
        Some(Known::Firebase(hash)) => hash.is_of(password),
        None => false,
    }
}

#[cfg(test)]
mod tests;
