//! Codes of authenticator apps: RFC 6238 with SHA-1, 30 seconds, six digits.

use base::constant_time_eq;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use percent_encoding::utf8_percent_encode;
use sha1::Sha1;

use crate::template::QUERY;

const PERIOD: i64 = 30;
const DIGITS: usize = 6;

/// A secret as people type it.
pub(crate) fn encode(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What an app reads from the picture.
pub(crate) fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let part = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let (issuer, account) = (part(issuer), part(account));
    format!(
        "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits={DIGITS}&issuer={issuer}&period={PERIOD}&secret={secret}"
    )
}

/// The picture, as SVG.
pub(crate) fn picture(uri: &str) -> Option<String> {
    let code = qrcode::QrCode::new(uri).ok()?;
    let svg = code
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    Some(svg)
}

/// The code of a step.
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    let mut mac =
        <Hmac<Sha1> as hmac::Mac>::new_from_slice(secret).expect("a key of any length is good");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0x0f);
    let number = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]])
        & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The step whose code it is: now, the one before, or the one after.
pub(crate) fn step_of(secret: &str, given: &str, now: i64) -> Option<i64> {
    let secret = BASE32_NOPAD
        .decode(secret.trim_end_matches('=').to_ascii_uppercase().as_bytes())
        .ok()?;
    let current = now.div_euclid(PERIOD);
    // All three are compared, so that the time does not tell which.
    [current, current - 1, current + 1]
        .into_iter()
        .map(|step| {
            (
                step,
                constant_time_eq(code(&secret, step).as_bytes(), given.as_bytes()),
            )
        })
        .fold(
            None,
            |found, (step, is)| if is { found.or(Some(step)) } else { found },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // AUTH-MFA-07; RFC 6238, appendix B, the last six digits.
        let secret = b"12345678901234567890";
        for (time, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, time / PERIOD), expected);
        }
    }

    #[test]
    fn a_neighboring_step_is_good_and_no_other() {
        let secret = encode(b"12345678901234567890");
        for (shift, good) in [
            (-60, false),
            (-30, true),
            (0, true),
            (30, true),
            (60, false),
        ] {
            assert_eq!(
                step_of(&secret, "081804", 1_111_111_109 + shift).is_some(),
                good,
                "{shift}"
            );
        }
        assert_eq!(step_of("not base32!", "081804", 0), None);
        assert_eq!(step_of(&secret, "", 0), None);
    }

    #[test]
    fn an_app_finds_everything_in_the_picture() {
        // AUTH-MFA-02
        let uri = uri("My App", "ada@example.com", "ABC");
        let expected = "otpauth://totp/My%20App:ada%40example.com?algorithm=SHA1&digits=6&issuer=My%20App&period=30&secret=ABC";
        assert_eq!(uri, expected);
        assert!(picture(&uri).unwrap().contains("<svg"));
    }
}
