//! Addresses, as the auth server stores them.

use unicode_normalization::UnicodeNormalization as _;

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailFault {
    /// None is there.
    Missing,
    /// More than 255 bytes.
    TooLong,
    /// Control characters or line ends in it.
    Control,
    /// The auth server would refuse it.
    Invalid,
}

impl EmailFault {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "MIG-U-EMAIL-NULL",
            Self::TooLong => "MIG-U-EMAIL-LONG",
            Self::Control => "MIG-U-EMAIL-CONTROL",
            Self::Invalid => "MIG-U-EMAIL-INVALID",
        }
    }
}

/// Blanks and zero-width characters around an address go, the rest is composed (NFC) and lower case (MIG-DUP-01);
/// then it is judged by the auth server's own rule.
pub fn normalize(raw: Option<&str>) -> Result<String, EmailFault> {
    let blank = |c: char| {
        c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    let email: String = raw.unwrap_or_default().trim_matches(blank).nfc().collect();
    let email = email.to_lowercase();
    if email.is_empty() {
        return Err(EmailFault::Missing);
    }
    if email.len() > 255 {
        return Err(EmailFault::TooLong);
    }
    if email.chars().any(char::is_control) {
        return Err(EmailFault::Control);
    }
    auth::import::email(&email).ok_or(EmailFault::Invalid)
}
