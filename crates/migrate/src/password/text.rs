//! Alphabets, and the markers that stand where a hash should.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::HashClass;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// bcrypt's and crypt's alphabet.
pub(super) fn is_crypt64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
}

/// passlib's base64: a dot for the plus, no padding.
pub(super) fn ab64(text: &str) -> Option<Vec<u8>> {
    base64(&text.replace('.', "+"))
}

/// Standard base64, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 of either alphabet, padded or not.
pub(super) fn any_base64(text: &str) -> Option<Vec<u8>> {
    base64(text).or_else(|| URL_SAFE.decode(text).ok())
}

/// The number of bytes that hex digits spell.
pub(super) fn hex_bytes(text: &str) -> Option<usize> {
    let hex = !text.is_empty()
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then_some(text.len() / 2)
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
    (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Markers that stand for "no password here".
pub(super) fn marker(text: &str) -> Option<HashClass> {
    let lower = text.to_ascii_lowercase();
    let elsewhere = [
        "ldap",
        "{ldap}",
        "ldap_user",
        "sso",
        "saml",
        "oauth",
        "oauth2",
        "oidc",
        "openid",
        "external",
        "google",
        "facebook",
        "github",
        "azure",
        "azuread",
        "cas",
        "kerberos",
        "social",
        "{external}",
        "{sso}",
        "{sasl}",
    ];
    if elsewhere.contains(&lower.as_str())
        || lower.starts_with("{sasl}")
        || lower.starts_with("{ldap}")
    {
        return Some(HashClass::Elsewhere);
    }
    let locked = [
        "x",
        "-",
        "*lk*",
        "*np*",
        "np",
        "lk",
        "disabled",
        "locked",
        "none",
        "null",
        "nologin",
        "no_password",
        "unusable",
        "invalid",
    ];
    // Django's unusable password is `!` and forty random characters; MySQL's hash is `*` and hex.
    let bars = text.starts_with('!') || text.bytes().all(|byte| matches!(byte, b'*' | b'!'));
    (bars || locked.contains(&lower.as_str())).then_some(HashClass::Locked)
}
