//! `X-Robots-Tag`: what an upload may say to search engines.

use crate::Error;

const RULES: [&str; 8] = [
    "all",
    "noindex",
    "nofollow",
    "none",
    "nosnippet",
    "indexifembedded",
    "notranslate",
    "noimageindex",
];

/// Checks a header's value: rules separated by commas, a user agent and `:` before any of them.
pub(crate) fn check(value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(Error::Robots("it is empty".into()));
    }
    // A date may hold a comma; it belongs to `unavailable_after`.
    let mut after_date = false;
    for part in value.split(',') {
        let part = part.trim();
        if after_date && part.starts_with(|c: char| c.is_ascii_digit()) {
            after_date = false;
            continue;
        }
        after_date = check_rule(part)?;
    }
    Ok(())
}

/// Whether the rule was a date that may go on behind a comma.
fn check_rule(part: &str) -> Result<bool, Error> {
    let wrong = || Err(Error::Robots(format!("unknown rule \"{part}\"")));
    let lower = part.to_ascii_lowercase();
    if RULES.contains(&lower.as_str()) {
        return Ok(false);
    }
    let Some((name, value)) = lower.split_once(':') else {
        return wrong();
    };
    let value = value.trim();
    match name.trim() {
        "max-snippet" | "max-video-preview" if value.parse::<i64>().is_ok() => Ok(false),
        "max-image-preview" if ["none", "standard", "large"].contains(&value) => Ok(false),
        "unavailable_after" if !value.is_empty() => Ok(true),
        "max-snippet" | "max-video-preview" | "max-image-preview" | "unavailable_after" => wrong(),
        agent
            if !agent.is_empty()
                && agent
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) =>
        {
            check_rule(value)
        }
        _ => wrong(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_checked() {
        // STO-UPL-05, STO-ERR-40
        for good in [
            "noindex",
            "noindex, nofollow",
            "googlebot: noindex, otherbot: none",
            "max-snippet:-1, max-image-preview: large",
            "unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT, noindex",
            "max-video-preview:10",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "sometimes",
            "max-snippet:x",
            "max-image-preview:huge",
            "noindex, ",
            "a b: noindex",
        ] {
            assert!(matches!(check(bad), Err(Error::Robots(_))), "{bad}");
        }
    }
}
