//! Hashes as Firebase exports them: scrypt derives a key that encrypts the project's signer key.

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrypt::Params;

pub(super) const PREFIX: &str = "$fbscrypt$";

/// scrypt takes 128·r·N bytes; no more than this is believed.
const MAX_MEMORY: u128 = 1 << 30;

/// A hash, read.
pub(super) struct Firebase {
    params: Params,
    separator: Vec<u8>,
    signer: Vec<u8>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Firebase {
    /// `$fbscrypt$v=1,n=…,r=…,p=…,ss=…,sk=…$<salt>$<hash>`
    pub(super) fn parse(stored: &str) -> Option<Self> {
        let mut parts = stored.strip_prefix(PREFIX)?.split('$');
        let (options, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let option = |name: &str| {
            options
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        let bytes = |text: &str| STANDARD.decode(text).ok();
        if option("v")? != "1" {
            return None;
        }
        let log_n: u8 = option("n")?.parse().ok().filter(|n| *n < 31)?;
        let (r, p): (u32, u32) = (option("r")?.parse().ok()?, option("p")?.parse().ok()?);
        if (128 * u128::from(r)) << log_n > MAX_MEMORY || p > 16 {
            return None;
        }
        let read = Self {
            params: Params::new(log_n, r, p, 32).ok()?,
            separator: bytes(option("ss")?)?,
            signer: bytes(option("sk")?)?,
            salt: bytes(salt)?,
            hash: bytes(hash)?,
        };
        (!read.signer.is_empty() && read.hash.len() == read.signer.len()).then_some(read)
    }

    /// Whether it is the hash of a password.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let salt = [self.salt.as_slice(), &self.separator].concat();
        let mut key = [0; 32];
        if scrypt::scrypt(password.as_bytes(), &salt, &self.params, &mut key).is_err() {
            return false;
        }
        let mut encrypted = self.signer.clone();
        let cipher = ctr::Ctr128BE::<aes::Aes256>::new_from_slices(&key, &[0; 16]);
        let Ok(mut cipher) = cipher else {
            return false;
        };
        cipher.apply_keystream(&mut encrypted);
        base::constant_time_eq(&encrypted, &self.hash)
    }
}
