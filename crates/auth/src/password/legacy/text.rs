//! Alphabets and fields.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The alphabet of `crypt`, by value.
pub(super) const CRYPT64: &[u8; 64] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a mail server's scheme in braces stands before.
pub(super) fn unbraced(text: &str) -> &str {
    [
        "{CRYPT}",
        "{crypt}",
        "{BLF-CRYPT}",
        "{ARGON2}",
        "{ARGON2ID}",
    ]
    .iter()
    .find_map(|scheme| text.strip_prefix(scheme))
    .filter(|rest| rest.starts_with('$'))
    .unwrap_or(text)
}

/// The value of a letter of `crypt`'s alphabet.
pub(super) fn crypt64_value(letter: u8) -> Option<u8> {
    let place = CRYPT64.iter().position(|it| *it == letter)?;
    u8::try_from(place).ok()
}

pub(super) fn is_crypt64(text: &str) -> bool {
    text.bytes().all(|byte| crypt64_value(byte).is_some())
}

/// Standard base64, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 of either alphabet, padded or not.
pub(super) fn any_base64(text: &str) -> Option<Vec<u8>> {
    base64(text).or_else(|| URL_SAFE.decode(text).ok())
}

/// passlib's base64: a dot for the plus, no padding.
pub(super) fn ab64(text: &str) -> Option<Vec<u8>> {
    base64(&text.replace('.', "+"))
}

/// Padded standard base64 of bytes.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Hex digits of either case.
pub(super) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    (!text.is_empty()).then(|| hex::decode(text).ok()).flatten()
}

/// A decimal number without sign or leading zero.
pub(super) fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty()
        && text.len() <= 10
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// A salt as frameworks write them: something, and no separator in it.
pub(super) fn is_salt(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Exactly `N` fields.
pub(super) fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let mut fields = [""; N];
    for field in &mut fields {
        *field = parts.next()?;
    }
    parts.next().is_none().then_some(fields)
}
