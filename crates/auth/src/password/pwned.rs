//! Passwords that were in a leak, asked for by the first letters of their hash only.

use std::time::Duration;

use sha1::{Digest as _, Sha1};

const PATIENCE: Duration = Duration::from_secs(5);

/// The list of leaked passwords.
#[derive(Debug)]
pub(crate) struct Pwned {
    url: String,
    http: reqwest::Client,
    pub(crate) fail_closed: bool,
}

impl Pwned {
    /// `None` when nobody is asked.
    pub(crate) fn new(settings: &settings::Auth) -> Option<Self> {
        if !settings.password_hibp_enabled {
            return None;
        }
        let http = web::outgoing()
            .timeout(PATIENCE)
            .user_agent(settings.password_hibp_user_agent.as_str())
            .build()
            .ok()?;
        Some(Self {
            url: settings.password_hibp_url.trim_end_matches('/').to_owned(),
            http,
            fail_closed: settings.password_hibp_fail_closed,
        })
    }

    /// Whether a password is on the list.
    pub(crate) async fn knows(&self, password: &str) -> Result<bool, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let hash = hex::encode_upper(Sha1::digest(password));
        let (begin, rest) = hash.split_at(5);
        let request = self
            .http
            .get(format!("{}/range/{begin}", self.url))
            .header("add-padding", "true");
        let response = request
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(told)?;
        let list = response.text().await.map_err(told)?;
        Ok(is_listed(&list, rest))
    }
}

/// `SUFFIX:COUNT` a line; lines that only fill up count 0.
fn is_listed(list: &str, rest: &str) -> bool {
    list.lines().any(|line| {
        line.trim()
            .split_once(':')
            .is_some_and(|(suffix, count)| suffix.eq_ignore_ascii_case(rest) && count != "0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_fill_up_do_not_count() {
        // AUTH-PWD-04
        assert!(is_listed("0AB:3\r\n1CD:1", "1cd"));
        assert!(!is_listed("0AB:0\r\n1CD:1", "0AB"));
        assert!(!is_listed("", "0AB"));
    }
}
