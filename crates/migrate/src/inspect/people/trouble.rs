//! What kinds of trouble a user's row can be in.

use super::super::Severity;
use super::super::address::Problem;
use super::super::findings::MOST_IDS;
use crate::password::{self, HashClass, Treatment};

/// A count and the first ids.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) ids: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, id: &str) {
        self.count += 1;
        if self.ids.len() < MOST_IDS {
            self.ids.push(id.to_owned());
        }
    }
}

/// What kinds of trouble a row can be in: code, severity, sentence.
pub(super) const TROUBLE: [(&str, Severity, &str); 15] = [
    (
        "MIG-U-EMAIL-NULL",
        Severity::Ask,
        "Users without an address.",
    ),
    (
        "MIG-U-EMAIL-CONTROL",
        Severity::Ask,
        "Addresses with control characters or line breaks inside.",
    ),
    (
        "MIG-U-EMAIL-LONG",
        Severity::Ask,
        "Addresses of more than 255 bytes.",
    ),
    (
        "MIG-U-EMAIL-INVALID",
        Severity::Ask,
        "Texts that are no addresses.",
    ),
    (
        "MIG-U-EMAIL-IDN",
        Severity::Warn,
        "Domains outside ASCII: stored in their ASCII form, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-TRIM",
        Severity::Warn,
        "Addresses with blanks around them: stored without, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-CASE",
        Severity::Info,
        "Addresses with capital letters: stored in lower case, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-ROLE",
        Severity::Info,
        "Addresses of shared mailboxes.",
    ),
    (
        "MIG-U-HASH-NONE",
        Severity::Warn,
        "Users without a password: created without one, they reset it.",
    ),
    (
        "MIG-U-HASH-MALFORMED",
        Severity::Warn,
        "Hashes that are incomplete: those users reset their password.",
    ),
    (
        "MIG-U-HASH-UNKNOWN",
        Severity::Warn,
        "Passwords in an unknown form: those users reset their password.",
    ),
    (
        "MIG-U-HASH-LEGACY",
        Severity::Warn,
        "Hashes of old formats: carried, checked so at the first sign-in, then replaced; over an API that cannot carry \
         them those users reset their password.",
    ),
    (
        "MIG-U-HASH-COSTLY",
        Severity::Warn,
        "Hashes of old formats that cannot be checked, too dear, too long or incomplete: those users reset their password.",
    ),
    (
        "MIG-U-HASH-TRIM",
        Severity::Info,
        "Hashes with blanks around them: imported without.",
    ),
    (
        "MIG-U-HASH-STRIP",
        Severity::Info,
        "Hashes behind a framework's prefix: imported without.",
    ),
];

/// The code of an odd address.
pub(super) fn of_problem(problem: Problem) -> &'static str {
    match problem {
        Problem::Empty => "MIG-U-EMAIL-NULL",
        Problem::Control => "MIG-U-EMAIL-CONTROL",
        Problem::Long => "MIG-U-EMAIL-LONG",
        Problem::Invalid | Problem::Local => "MIG-U-EMAIL-INVALID",
        Problem::Domain => "MIG-U-EMAIL-IDN",
        Problem::Blanks => "MIG-U-EMAIL-TRIM",
        Problem::Case => "MIG-U-EMAIL-CASE",
        Problem::Role => "MIG-U-EMAIL-ROLE",
    }
}

/// The code of a class of password; none for one that is imported as it is.
pub(super) fn of_class(class: &HashClass, stored: Option<&str>) -> Option<&'static str> {
    match class.treatment(true) {
        Treatment::Import => None,
        Treatment::ImportTrimmed => Some("MIG-U-HASH-TRIM"),
        Treatment::ImportStripped => Some("MIG-U-HASH-STRIP"),
        Treatment::Verifier if stored.is_some_and(password::is_checkable) => {
            Some("MIG-U-HASH-LEGACY")
        }
        Treatment::Verifier => Some("MIG-U-HASH-COSTLY"),
        Treatment::NoPassword(_) => Some(match class {
            HashClass::Malformed(_) => "MIG-U-HASH-MALFORMED",
            HashClass::Unknown => "MIG-U-HASH-UNKNOWN",
            _ => "MIG-U-HASH-NONE",
        }),
    }
}
