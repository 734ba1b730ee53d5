//! The parameters of PKCE.

use crate::Error;

/// Checks the parameters wherever they are accepted; both or neither.
pub(crate) fn check(method: &str, challenge: &str) -> Result<(), Error> {
    if method.is_empty() != challenge.is_empty() {
        return Err(Error::validation(
            "PKCE flow requires code_challenge_method and code_challenge",
        ));
    }
    if challenge.is_empty() {
        return Ok(());
    }
    if !(43..=128).contains(&challenge.len()) {
        return Err(Error::validation(
            "code challenge has to be between 43 and 128 characters",
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !challenge.chars().all(allowed) {
        return Err(Error::validation(
            "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes",
        ));
    }
    if !["s256", "plain"].contains(&method.to_ascii_lowercase().as_str()) {
        return Err(Error::validation("Invalid code_challenge_method"));
    }
    Ok(())
}
