//! The people: read, judged, written.

mod bulk;
mod email;
mod http;
mod judge;
mod read;
mod write;

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

pub use email::{EmailFault, normalize};
pub use http::{Api, HttpOutcome, HttpReport, Way, import_over_http};
pub(crate) use judge::{Directory, survey};
pub(crate) use write::{expected, fill_mapping, write_users};

use crate::mapping::{IdForm, Mapped, Mapping};
use crate::password::Carrier;

/// What becomes of one old user (MIG-USR-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A user is made.
    Create,
    /// A banned user with a made-up address is made, so that the data keeps an owner.
    Placeholder,
    /// The user is there from an earlier import.
    Link,
    /// Everything goes to another user.
    Merge,
    /// Nothing can be made of it.
    Fail,
}

impl Outcome {
    /// As the mapping's `status` says it once done.
    pub fn status(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Placeholder => "placeholder",
            Self::Link => "linked",
            Self::Merge => "merged",
            Self::Fail => "failed",
        }
    }
}

/// The verdict on one old user.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The old id, canonical.
    pub legacy: Box<str>,
    /// The new id; with [`Outcome::Merge`] the other user's.
    pub uuid: Uuid,
    /// What becomes of the user.
    pub outcome: Outcome,
    /// The problem that decided it.
    pub code: Option<&'static str>,
}

/// A problem with users, counted.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// Its stable code.
    pub code: &'static str,
    /// How many users.
    pub count: u64,
    /// Some of their old ids.
    pub legacy_ids: Vec<String>,
    /// What becomes of them.
    pub consequence: String,
}

/// The verdict on all of them.
#[derive(Debug)]
pub struct Survey {
    /// One verdict for each old user, by old id.
    pub verdicts: Vec<Verdict>,
    /// Problems by code.
    pub problems: Vec<Problem>,
    /// What the way to the target takes.
    pub(crate) carrier: Carrier,
    /// Passwords by class and treatment: `bcrypt-2b-12`, `import`.
    pub passwords: BTreeMap<(String, String), u64>,
}

impl Survey {
    /// Of nobody yet.
    pub(crate) fn of(carrier: Carrier) -> Self {
        Self {
            verdicts: Vec::new(),
            problems: Vec::new(),
            passwords: BTreeMap::new(),
            carrier,
        }
    }

    /// How many have this outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        let count = self.verdicts.iter().filter(|it| it.outcome == outcome);
        count.count() as u64
    }

    /// For the stream.
    pub fn mapping(&self, form: IdForm) -> Mapping {
        let moved = self
            .verdicts
            .iter()
            .filter(|it| it.outcome != Outcome::Fail);
        Mapping::new(
            form,
            moved.map(|verdict| {
                let mapped = Mapped {
                    uuid: verdict.uuid,
                    own_row: verdict.outcome != Outcome::Merge,
                };
                (verdict.legacy.to_string(), mapped)
            }),
        )
    }
}

/// What a target takes that is reached through its database.
pub(crate) async fn carrier_to(target: &tokio_postgres::Client) -> Result<Carrier, crate::Error> {
    Ok(if auth::import::checks_legacy(target).await? {
        Carrier::Verifier
    } else {
        Carrier::Plain
    })
}

/// An address as reports show it (MIG-SEC-07): `j***@e***.com`.
pub fn masked(email: &str) -> String {
    let first = |text: &str| text.chars().next().map_or_else(String::new, String::from);
    let Some((local, domain)) = email.rsplit_once('@') else {
        return format!("{}***", first(email));
    };
    let (name, end) = domain
        .rsplit_once('.')
        .map_or((domain, ""), |(name, end)| (name, end));
    let dot = if end.is_empty() { "" } else { "." };
    format!("{}***@{}***{dot}{end}", first(local), first(name))
}

#[cfg(test)]
mod tests;
