//! The one place that makes randomness.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// A source of random bytes. Ids, tokens and one-time passwords take it as an argument.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// A version 4 UUID.
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `bytes` random bytes as base64url without padding.
    fn token(&self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        self.fill(&mut buffer);
        URL_SAFE_NO_PAD.encode(buffer)
    }

    /// `bytes` random bytes in lower-case hexadecimal.
    fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0; bytes];
        self.fill(&mut buffer);
        hex::encode(buffer)
    }

    /// `length` characters drawn evenly from `A-Z a-z 0-9`: safe in shells, URLs, YAML and `.env`.
    fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.draw(length, ALPHABET)
    }

    /// `length` decimal digits, evenly drawn, leading zeros kept.
    fn digits(&self, length: usize) -> String {
        self.draw(length, b"0123456789")
    }

    /// `length` characters of `alphabet` (at most 256), evenly drawn by rejection.
    fn draw(&self, length: usize, alphabet: &[u8]) -> String {
        let limit = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(length);
        let mut buffer = [0; 64];
        while text.len() < length {
            self.fill(&mut buffer);
            for byte in buffer {
                if usize::from(byte) < limit && text.len() < length {
                    text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
                }
            }
        }
        text
    }
}

/// A source of randomness as services hold it.
pub type SharedRandom = Arc<dyn Random>;

/// The operating system's generator; the only one a running server uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes randomness"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system's random generator answers");
    }
}

/// A repeatable source for tests and generated fixtures. Not secret: never sign with it.
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The same seed gives the same bytes.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl std::fmt::Debug for SeededRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeededRandom")
    }
}

impl Random for SeededRandom {
    // splitmix64: small, well mixed, and the same on every machine.
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self
            .0
            .lock()
            .expect("the generator is never held across a panic");
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// First eight hex digits of a digest: enough to compare two secrets by eye, useless to an attacker.
pub(crate) fn short_hex(digest: &[u8]) -> String {
    digest.iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_text_has_the_asked_length_and_alphabet() {
        let text = SeededRandom::new(7).alphanumeric(64);
        assert_eq!(text.len(), 64);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(SeededRandom::new(7).digits(6).len(), 6);
    }

    #[test]
    fn seeded_randomness_repeats_and_the_systems_does_not() {
        assert_eq!(SeededRandom::new(1).uuid(), SeededRandom::new(1).uuid());
        assert_ne!(OsRandom.uuid(), OsRandom.uuid());
        assert_eq!(OsRandom.uuid().get_version_num(), 4);
    }
}
