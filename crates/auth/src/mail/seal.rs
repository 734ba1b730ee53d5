//! Sealing what lies in the queue.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base::{Secret, SharedRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// AES-256-GCM under a key that follows from the project's secret, so that every node can open what another sealed.
#[derive(Clone)]
pub(crate) struct Seal {
    cipher: Aes256Gcm,
    random: SharedRandom,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

const NONCE: usize = 12;

impl Seal {
    /// A seal for one purpose.
    pub(crate) fn new(secret: &Secret, purpose: &str, random: SharedRandom) -> Self {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.expose().as_bytes())
            .expect("a key of any length is good");
        mac.update(purpose.as_bytes());
        let cipher = Aes256Gcm::new(&mac.finalize().into_bytes());
        Self { cipher, random }
    }

    /// Sealed text, bound to `context`.
    pub(crate) fn close(&self, context: &str, plain: &[u8]) -> String {
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: context.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(Nonce::from_slice(&nonce), payload)
            .expect("a letter is not 64 GiB");
        STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed; `None` when it was not sealed here, for this context, or was changed.
    pub(crate) fn open(&self, context: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: sealed,
            aad: context.as_bytes(),
        };
        self.cipher.decrypt(Nonce::from_slice(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn only_the_same_secret_purpose_and_context_open_a_seal() {
        let seal = |secret: &str, purpose: &str| {
            Seal::new(&Secret::new(secret), purpose, Arc::new(base::OsRandom))
        };
        let closed = seal("a", "mail").close("x", b"hello");
        assert!(!closed.contains("hello"));
        assert_eq!(seal("a", "mail").open("x", &closed).unwrap(), b"hello");
        assert_eq!(seal("a", "mail").open("y", &closed), None);
        assert_eq!(seal("b", "mail").open("x", &closed), None);
        assert_eq!(seal("a", "sms").open("x", &closed), None);
        assert_eq!(seal("a", "mail").open("x", "AAAA"), None);
        assert_ne!(seal("a", "mail").close("x", b"hello"), closed);
    }
}
