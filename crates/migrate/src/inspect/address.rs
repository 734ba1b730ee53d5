//! Addresses as they are stored and compared.

use unicode_normalization::UnicodeNormalization as _;

/// No auth service stores a longer one.
const MAX_BYTES: usize = 255;

/// A stored address, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The form that is stored and compared: without blanks around it, NFC, lower case, the domain in ASCII.
    pub normalized: String,
    /// What is odd about it.
    pub problems: Vec<Problem>,
}

/// What is odd about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// Nothing is left without blanks.
    Empty,
    /// Control characters or line breaks inside.
    Control,
    /// More than 255 bytes.
    Long,
    /// Not an address.
    Invalid,
    /// Letters outside ASCII before the at sign.
    Local,
    /// A domain outside ASCII, written in ASCII from now on.
    Domain,
    /// Blanks around it.
    Blanks,
    /// Capital letters.
    Case,
    /// A shared mailbox such as `info`.
    Role,
}

impl Problem {
    /// No user can be created with such an address.
    pub fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::Empty | Self::Control | Self::Long | Self::Invalid | Self::Local
        )
    }
}

impl Address {
    /// Reads what is stored.
    pub fn read(stored: &str) -> Self {
        let mut problems = Vec::new();
        let trimmed = stored.trim_matches(|char: char| char.is_whitespace() || is_zero_width(char));
        if trimmed.len() != stored.len() {
            problems.push(Problem::Blanks);
        }
        let composed: String = trimmed.nfc().collect();
        let mut normalized = composed.to_lowercase();
        if normalized != composed {
            problems.push(Problem::Case);
        }
        if normalized.is_empty() {
            return Self {
                normalized,
                problems: vec![Problem::Empty],
            };
        }
        if normalized.chars().any(char::is_control) {
            problems.push(Problem::Control);
        }
        // Beyond any mail system; what follows is work in proportion to the length.
        if normalized.len() <= 1024
            && let Some((local, domain)) = normalized.rsplit_once('@')
        {
            if !local.is_ascii() {
                problems.push(Problem::Local);
            }
            if !domain.is_ascii() {
                if let Ok(ascii) = idna::domain_to_ascii(domain) {
                    problems.push(Problem::Domain);
                    normalized = format!("{local}@{ascii}");
                } else {
                    problems.push(Problem::Invalid);
                }
            }
        }
        if normalized.len() > MAX_BYTES {
            problems.push(Problem::Long);
        } else if normalized.is_ascii()
            && auth::import::email(&normalized).is_none()
            && !problems.contains(&Problem::Control)
        {
            problems.push(Problem::Invalid);
        }
        if is_role(&normalized) {
            problems.push(Problem::Role);
        }
        Self {
            normalized,
            problems,
        }
    }

    /// The address for the new user; none when there can be no user with it.
    pub fn usable(&self) -> Option<&str> {
        let fatal = self.problems.iter().any(|problem| problem.is_fatal());
        (!fatal).then_some(self.normalized.as_str())
    }
}

fn is_zero_width(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
}

fn is_role(address: &str) -> bool {
    let roles = [
        "info",
        "contact",
        "support",
        "sales",
        "noreply",
        "no-reply",
        "postmaster",
        "webmaster",
        "hostmaster",
        "abuse",
        "office",
        "billing",
        "help",
        "hello",
        "mailer-daemon",
        "root",
    ];
    address
        .split_once('@')
        .is_some_and(|(local, _)| roles.contains(&local))
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
