//! The family of `crypt`: MD5, SHA-256 and SHA-512 in rounds, and the portable hashes of phpass and Drupal.

use base::constant_time_eq;
use sha_crypt::{Sha256Params, Sha512Params, sha256_crypt_b64, sha512_crypt_b64};

use super::Refusal;
use super::digest::{Algorithm, md5};
use super::text::{CRYPT64, crypt64_value, is_crypt64, is_salt, number};

/// Rounds of SHA-crypt at most: about two seconds of a slow core. passlib asks for 656,000.
const MOST_ROUNDS: u32 = 1_000_000;
/// Greatest logarithm of the rounds of phpass and Drupal; WordPress had 13, Drupal 16.
const MOST_DOUBLINGS: u8 = 20;
/// Rounds of MD5-crypt, always.
const MD5_ROUNDS: u32 = 1_000;

/// A hash of the family.
pub(super) enum Crypt {
    Md5 {
        magic: &'static str,
        salt: String,
        sum: String,
    },
    Sha256 {
        rounds: u32,
        salt: String,
        sum: String,
    },
    Sha512 {
        rounds: u32,
        salt: String,
        sum: String,
    },
    Portable {
        algorithm: Algorithm,
        doublings: u8,
        salt: String,
        sum: String,
    },
}

impl Crypt {
    /// None when the text is of another format.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let (id, rest) = text.strip_prefix('$')?.split_once('$')?;
        let read = match id {
            "1" => Self::md5("$1$", rest),
            "apr1" => Self::md5("$apr1$", rest),
            "5" => {
                Self::sha(rest, 43).map(|(rounds, salt, sum)| Self::Sha256 { rounds, salt, sum })
            }
            "6" => {
                Self::sha(rest, 86).map(|(rounds, salt, sum)| Self::Sha512 { rounds, salt, sum })
            }
            "P" | "H" => Self::portable(Algorithm::Md5, rest, 31),
            "S" => Self::portable(Algorithm::Sha512, rest, 52),
            _ => return None,
        };
        Some(read.map_or(Err(Refusal::Unknown), Self::bounded))
    }

    fn bounded(self) -> Result<Self, Refusal> {
        let costly = match &self {
            Self::Md5 { .. } => false,
            Self::Sha256 { rounds, .. } | Self::Sha512 { rounds, .. } => *rounds > MOST_ROUNDS,
            Self::Portable { doublings, .. } => *doublings > MOST_DOUBLINGS,
        };
        if costly {
            Err(Refusal::Costly)
        } else {
            Ok(self)
        }
    }

    /// `salt$sum`
    fn md5(magic: &'static str, rest: &str) -> Option<Self> {
        let (salt, sum) = salt_and_sum(rest, 8, 22)?;
        Some(Self::Md5 { magic, salt, sum })
    }

    /// `rounds=5000$salt$sum`
    fn sha(rest: &str, sum: usize) -> Option<(u32, String, String)> {
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(tail) => {
                let (rounds, tail) = tail.split_once('$')?;
                let rounds =
                    number(rounds).filter(|rounds| (1_000..=999_999_999).contains(rounds))?;
                (rounds, tail)
            }
            None => (5_000, rest),
        };
        let (salt, sum) = salt_and_sum(rest, 16, sum)?;
        Some((rounds, salt, sum))
    }

    /// A letter for the rounds, eight of salt, the sum.
    fn portable(algorithm: Algorithm, rest: &str, length: usize) -> Option<Self> {
        if rest.len() != length || !is_crypt64(rest) {
            return None;
        }
        let doublings = crypt64_value(*rest.as_bytes().first()?)?;
        (7..=30).contains(&doublings).then(|| Self::Portable {
            algorithm,
            doublings,
            salt: rest[1..9].to_owned(),
            sum: rest[9..].to_owned(),
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Md5 { magic: "$1$", .. } => "md5-crypt",
            Self::Md5 { .. } => "apr1-crypt",
            Self::Sha256 { .. } => "sha256-crypt",
            Self::Sha512 { .. } => "sha512-crypt",
            Self::Portable {
                algorithm: Algorithm::Md5,
                ..
            } => "phpass",
            Self::Portable { .. } => "drupal-sha512",
        }
    }

    pub(super) fn is_of(&self, word: &[u8]) -> bool {
        let (computed, sum) = match self {
            Self::Md5 { magic, salt, sum } => (Some(md5_crypt(word, magic, salt)), sum),
            Self::Sha256 { rounds, salt, sum } => (
                Sha256Params::new(*rounds as usize)
                    .and_then(|params| sha256_crypt_b64(word, salt.as_bytes(), &params))
                    .ok(),
                sum,
            ),
            Self::Sha512 { rounds, salt, sum } => (
                Sha512Params::new(*rounds as usize)
                    .and_then(|params| sha512_crypt_b64(word, salt.as_bytes(), &params))
                    .ok(),
                sum,
            ),
            Self::Portable {
                algorithm,
                doublings,
                salt,
                sum,
            } => {
                let mut digest = algorithm.digest(&[salt.as_bytes(), word]);
                for _ in 0..1_u32 << doublings {
                    digest = algorithm.digest(&[&digest, word]);
                }
                let mut computed = crypt64(&digest);
                // Drupal keeps no more than fits.
                computed.truncate(sum.len());
                (Some(computed), sum)
            }
        };
        computed.is_some_and(|computed| constant_time_eq(computed.as_bytes(), sum.as_bytes()))
    }
}

fn salt_and_sum(rest: &str, longest_salt: usize, length: usize) -> Option<(String, String)> {
    let (salt, sum) = rest.split_once('$')?;
    let whole = salt.len() <= longest_salt
        && (salt.is_empty() || is_salt(salt))
        && sum.len() == length
        && is_crypt64(sum);
    whole.then(|| (salt.to_owned(), sum.to_owned()))
}

/// Bytes in `crypt`'s alphabet: of each three the lowest six bits come first.
fn crypt64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value = group
            .iter()
            .rev()
            .fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
        for place in 0..=group.len() {
            let letter = CRYPT64[(value >> (6 * place)) as usize & 63];
            text.push(char::from(letter));
        }
    }
    text
}

/// The 22 letters of MD5-crypt, of Unix (`$1$`) or of Apache (`$apr1$`).
fn md5_crypt(word: &[u8], magic: &str, salt: &str) -> String {
    let (magic, salt) = (magic.as_bytes(), salt.as_bytes());
    let alternate = md5(&[word, salt, word]);
    let mut first: Vec<u8> = [word, magic, salt].concat();
    first.extend(alternate.iter().cycle().take(word.len()));
    let mut length = word.len();
    while length > 0 {
        first.push(if length & 1 == 1 { 0 } else { word[0] });
        length >>= 1;
    }
    let mut sum = md5(&[&first]);
    for round in 0..MD5_ROUNDS {
        let odd = round % 2 == 1;
        let begin: &[u8] = if odd { word } else { &sum };
        let salted: &[u8] = if round % 3 == 0 { &[] } else { salt };
        let again: &[u8] = if round % 7 == 0 { &[] } else { word };
        let end: &[u8] = if odd { &sum } else { word };
        sum = md5(&[begin, salted, again, end]);
    }
    let mut text = String::new();
    // The order in which the bytes are written, three at a time.
    for [high, middle, low] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        text.push_str(&crypt64(&[sum[low], sum[middle], sum[high]]));
    }
    text.push_str(&crypt64(&[sum[11]]));
    text
}
