//! Ethereum's wallets sign with ECDSA on secp256k1 (EIP-191); an address is the digest of the public key that the
//! signature leads back to.

use base::constant_time_eq;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest as _, Keccak256};

use crate::Error;

/// A signature as it is sent: r, s and v in hexadecimal digits.
pub(super) fn signature(text: &str) -> Result<[u8; 65], Error> {
    let shape =
        "signature must be 65 bytes long, encoded as a 130 character-long hexadecimal string";
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).map_err(|_| Error::validation(shape))?;
    bytes.try_into().map_err(|_| Error::validation(shape))
}

/// Whether the wallet of an address (in lower case) signed the message.
pub(super) fn is_signed(address: &str, message: &str, signature: &[u8]) -> bool {
    signer(message, signature)
        .is_some_and(|signer| constant_time_eq(signer.as_bytes(), address.as_bytes()))
}

/// The address of whoever signed.
fn signer(message: &str, signature: &[u8]) -> Option<String> {
    let (v, rs) = signature.split_last()?;
    let recovery = RecoveryId::from_byte(if *v >= 27 { v - 27 } else { *v })?;
    let rs = Signature::from_slice(rs).ok()?;
    let key = VerifyingKey::recover_from_prehash(&digest(message), &rs, recovery).ok()?;
    Some(address_of(&key))
}

/// What is signed in the place of a text.
pub(super) fn digest(message: &str) -> [u8; 32] {
    let begin = format!("\x19Ethereum Signed Message:\n{}", message.len());
    Keccak256::new()
        .chain_update(begin)
        .chain_update(message)
        .finalize()
        .into()
}

pub(super) fn address_of(key: &VerifyingKey) -> String {
    let point = key.to_encoded_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    format!("0x{}", hex::encode(&hash[12..]))
}
