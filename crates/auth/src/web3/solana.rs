//! Solana's wallets sign with Ed25519; an address is the public key.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;

/// A signature as it is sent: base64 of either alphabet, padded or not.
pub(super) fn signature(text: &str) -> Result<[u8; 64], Error> {
    let shape = "signature must be 64 bytes encoded as base64 with or without padding";
    if text.len() != 86 && text.len() != 88 {
        return Err(Error::validation(shape));
    }
    let url_safe = text
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    let bytes = URL_SAFE_NO_PAD
        .decode(url_safe)
        .map_err(|_| Error::validation("signature does not contain valid base64 characters"))?;
    bytes.try_into().map_err(|_| Error::validation(shape))
}

/// Whether the wallet signed the message, as it is or in the envelope in which hardware wallets sign.
pub(super) fn is_signed(address: &str, message: &str, signature: &[u8]) -> bool {
    let Some(key) = public_key(address) else {
        return false;
    };
    let verifier = UnparsedPublicKey::new(&ED25519, key);
    let fits = |signed: &[u8]| verifier.verify(signed, signature).is_ok();
    fits(message.as_bytes()) || envelopes(&key, message).iter().any(|signed| fits(signed))
}

fn public_key(address: &str) -> Option<[u8; 32]> {
    bs58::decode(address).into_vec().ok()?.try_into().ok()
}

/// The off-chain message of version 0: the short form that is widely in use, and the one with the application's domain
/// and the signers.
fn envelopes(key: &[u8; 32], message: &str) -> Vec<Vec<u8>> {
    const DOMAIN: &[u8; 16] = b"\xffsolana offchain";
    const VERSION: u8 = 0;
    let Ok(length) = u16::try_from(message.len()) else {
        return Vec::new();
    };
    let mut envelopes = Vec::new();
    // Restricted ASCII, UTF-8, long UTF-8.
    for format in 0..=2_u8 {
        let mut short = DOMAIN.to_vec();
        short.extend([VERSION, format]);
        short.extend(length.to_le_bytes());
        short.extend(message.as_bytes());
        envelopes.push(short);
        let mut long = DOMAIN.to_vec();
        long.push(VERSION);
        long.extend([0; 32]);
        long.extend([format, 1]);
        long.extend(key);
        long.extend(length.to_le_bytes());
        long.extend(message.as_bytes());
        envelopes.push(long);
    }
    envelopes
}
