//! E-mail addresses and phone numbers.

use crate::Error;

/// Checks an address and brings it to the form in which it is stored.
pub(crate) fn email(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Err(Error::validation("An email address is required"));
    }
    if text.len() > 255 {
        return Err(Error::validation("An email address is too long"));
    }
    if !is_email(text) {
        return Err(Error::validation(
            "Unable to validate email address: invalid format",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_char = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty() && local.chars().all(local_char) && domain.split('.').all(label)
}

/// Checks a number and brings it to the form in which it is stored: digits alone.
pub(crate) fn phone(text: &str) -> Result<String, Error> {
    let number = text.strip_prefix('+').unwrap_or(text).replace(' ', "");
    let good = (2..=15).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !number.starts_with('0');
    if good {
        Ok(number)
    } else {
        Err(Error::validation(
            "Invalid phone number format (E.164 required)",
        ))
    }
}

/// Checks how a message to a phone is to be sent.
pub(crate) fn channel(text: &str) -> Result<(), Error> {
    if ["", "sms", "whatsapp"].contains(&text) {
        return Ok(());
    }
    Err(Error::validation(
        "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or \
         Twilio Verify is used as the provider.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_lowered() {
        // AUTH-SIGNUP-02, AUTH-OBJ-06
        assert_eq!(email("Ada+1@Example.COM").unwrap(), "ada+1@example.com");
        assert_eq!(email("a@b").unwrap(), "a@b");
        for wrong in [
            "a", "@b", "a@", "a@-b", "a@b-.c", "a@b..c", "a b@c", "a@b@c", "é@b.c",
        ] {
            let error = email(wrong).unwrap_err().to_string();
            assert_eq!(
                error, "Unable to validate email address: invalid format",
                "{wrong}"
            );
        }
        assert_eq!(
            email("").unwrap_err().to_string(),
            "An email address is required"
        );
        let long = format!("{}@b.c", "a".repeat(255));
        assert_eq!(
            email(&long).unwrap_err().to_string(),
            "An email address is too long"
        );
    }

    #[test]
    fn numbers_lose_plus_and_spaces() {
        // AUTH-SIGNUP-03
        assert_eq!(phone("+49 151 234").unwrap(), "49151234");
        for wrong in ["", "+", "0123", "1", "12a", "++12", "1234567890123456"] {
            assert!(phone(wrong).is_err(), "{wrong}");
        }
    }
}
