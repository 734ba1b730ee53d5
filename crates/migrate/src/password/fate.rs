//! What becomes of one user's password, given the plan and the way to the target.

use auth::import::{Legacy, Refusal, Transform};
use base::Secret;

use super::{HashClass, Treatment, importable};
use crate::plan::{OldHashes, PasswordPlan};

/// What the way to the target takes besides the hashes that every target believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Hashes of old applications, too: this stack's own database, or its route for many users at once.
    Verifier,
    /// Nothing else: a target of somebody else's, or the admin API's route for one user.
    Plain,
}

/// What becomes of a password.
pub(crate) struct Fate {
    pub(crate) class: HashClass,
    pub(crate) treatment: Treatment,
    /// The text for the target; none without a password.
    pub(crate) hash: Option<Secret>,
}

impl Fate {
    /// `salts` are the user's values of [`PasswordPlan::salt_columns`].
    pub(crate) fn of(
        plan: Option<&PasswordPlan>,
        stored: Option<&str>,
        salts: &[Option<String>],
        carrier: Carrier,
    ) -> Self {
        let class = HashClass::of_nullable(stored);
        let transforms = plan.map_or(&[][..], |plan| &plan.transform);
        let treatment = class.treatment(true);
        let legacy = match treatment {
            Treatment::NoPassword(_) => false,
            Treatment::Verifier => true,
            // What was done to the password first, the auth service must do, too.
            _ => !transforms.is_empty(),
        };
        if !legacy {
            return Self {
                hash: stored
                    .and_then(importable)
                    .map(|hash| Secret::new(hash.into_owned())),
                class,
                treatment,
            };
        }
        let read = match (plan.map(|plan| plan.old_hashes), carrier) {
            (Some(OldHashes::Reset), _) => Err("the plan says reset"),
            (_, Carrier::Plain) => Err("this way to the target takes no hash of this format"),
            _ => declared(transforms, salts)
                .ok_or("the salt that the plan names is not there")
                .and_then(|transforms| {
                    Legacy::read(stored.unwrap_or_default(), transforms).map_err(reason)
                }),
        };
        match read {
            Ok(legacy) => Self {
                class,
                treatment: Treatment::Verifier,
                hash: Some(legacy.stored()),
            },
            Err(why) => Self {
                class,
                treatment: Treatment::NoPassword(why),
                hash: None,
            },
        }
    }
}

/// Whether the auth service can check a hash of an old application at all.
pub(crate) fn is_checkable(stored: &str) -> bool {
    Legacy::read(stored, Vec::new()).is_ok()
}

fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Costly => "checking it would cost too much",
        Refusal::TooLong => "it is too long to be kept",
        Refusal::Unknown | Refusal::Plain => "nobody can check this format",
    }
}

/// The plan's transforms with this user's salts in them.
fn declared(transforms: &[String], salts: &[Option<String>]) -> Option<Vec<Transform>> {
    let mut salts = salts.iter();
    let mut salt = || {
        let salt = salts.next()?.as_ref()?;
        Some(salt.as_bytes().to_vec())
    };
    transforms
        .iter()
        .map(|text| match salted(text) {
            Some((Place::Before, _)) => salt().map(Transform::PrefixSalt),
            Some((Place::Behind, _)) => salt().map(Transform::AppendSalt),
            None => Transform::parse_common(text),
        })
        .collect()
}

enum Place {
    Before,
    Behind,
}

/// `prefix-salt:column`, `append-salt:column`.
fn salted(transform: &str) -> Option<(Place, &str)> {
    let (what, column) = transform.split_once(':')?;
    let place = match what {
        "prefix-salt" => Place::Before,
        "append-salt" => Place::Behind,
        _ => return None,
    };
    (!column.is_empty()).then_some((place, column))
}

/// The column that a transform takes its salt from.
pub(crate) fn salt_column(transform: &str) -> Option<&str> {
    salted(transform).map(|(_, column)| column)
}

/// Whether the auth service can do this to a password (MIG-PWD-07).
pub(crate) fn is_transform(text: &str) -> bool {
    salted(text).is_some() || Transform::parse_common(text).is_some()
}

/// The name of the pepper that a transform mixes in.
pub(crate) fn pepper(transform: &str) -> Option<String> {
    match Transform::parse_common(transform)? {
        Transform::PrefixPepper(name) | Transform::AppendPepper(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inventory::Name;

    const SHA256: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    const BCRYPT: &str = "$2b$12$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96";

    fn plan(old_hashes: OldHashes, transform: &[&str]) -> PasswordPlan {
        PasswordPlan {
            table: Name::new("public", "users"),
            user_key: "id".into(),
            column: "password_hash".into(),
            old_hashes,
            transform: transform.iter().map(|it| (*it).to_owned()).collect(),
            classes: BTreeMap::new(),
        }
    }

    fn fate(
        plan: &PasswordPlan,
        stored: &str,
        salts: &[&str],
        carrier: Carrier,
    ) -> (Treatment, String) {
        let salts: Vec<Option<String>> = salts
            .iter()
            .map(|salt| (!salt.is_empty()).then(|| (*salt).to_owned()))
            .collect();
        let fate = Fate::of(Some(plan), Some(stored), &salts, carrier);
        let hash = fate.hash.as_ref().map_or("", Secret::expose).to_owned();
        (fate.treatment, hash)
    }

    /// MIG-PWD-04: carried where it is checked, left behind where the plan or the way to the target says so.
    #[test]
    fn old_hashes_are_carried_to_where_they_are_checked() {
        let carry = plan(OldHashes::Carry, &[]);
        assert_eq!(
            fate(&carry, SHA256, &[], Carrier::Verifier),
            (
                Treatment::Verifier,
                format!("$passerelle$v=1,k=sha256-hex${SHA256}")
            )
        );
        let none = |why| (Treatment::NoPassword(why), String::new());
        assert_eq!(
            fate(&carry, SHA256, &[], Carrier::Plain),
            none("this way to the target takes no hash of this format")
        );
        let reset = plan(OldHashes::Reset, &[]);
        assert_eq!(
            fate(&reset, SHA256, &[], Carrier::Verifier),
            none("the plan says reset")
        );
        let dear = format!("$6$rounds=999999999$salt${}", ".".repeat(86));
        assert_eq!(
            fate(&carry, &dear, &[], Carrier::Verifier),
            none("checking it would cost too much")
        );
        // What every target believes is nobody's decision.
        for plan in [&carry, &reset] {
            for carrier in [Carrier::Plain, Carrier::Verifier] {
                assert_eq!(
                    fate(plan, BCRYPT, &[], carrier),
                    (Treatment::Import, BCRYPT.to_owned())
                );
            }
        }
        assert_eq!(Fate::of(None, None, &[], Carrier::Verifier).hash, None);
    }

    /// MIG-PWD-07: what was done to the password goes with each hash; the salt is the user's own, the pepper only named.
    #[test]
    fn transforms_of_the_plan_go_with_each_hash() {
        let plan = plan(
            OldHashes::Carry,
            &[
                "append-pepper:ENV:OLD_PEPPER",
                "sha1-hex",
                "prefix-salt:salt",
            ],
        );
        assert_eq!(plan.salt_columns().collect::<Vec<_>>(), ["salt"]);
        assert_eq!(plan.peppers().collect::<Vec<_>>(), ["OLD_PEPPER"]);
        assert_eq!(
            fate(&plan, BCRYPT, &["NaCl"], Carrier::Verifier),
            (
                Treatment::Verifier,
                format!(
                    "$passerelle$v=1,k=bcrypt,t=append-pepper:OLD_PEPPER+sha1-hex+prefix-salt:TmFDbA${BCRYPT}"
                )
            )
        );
        let none = |why| (Treatment::NoPassword(why), String::new());
        let missing = none("the salt that the plan names is not there");
        assert_eq!(fate(&plan, BCRYPT, &[""], Carrier::Verifier), missing);
        assert_eq!(fate(&plan, "!", &["NaCl"], Carrier::Verifier).1, "");
        for wrong in ["rot13", "prefix-salt:", "append-pepper:", "sha3-hex"] {
            assert!(!is_transform(wrong), "{wrong}");
        }
    }
}
