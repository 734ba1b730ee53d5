//! What becomes of each old user.

use std::collections::{BTreeMap, HashMap};

use futures_util::StreamExt as _;
use tokio_postgres::Client;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::email::normalize;
use super::read::{Person, people};
use super::{Outcome, Problem, Survey, Verdict};
use crate::ids::Seed;
use crate::inventory::Inventory;
use crate::password::{Carrier, Fate, HashClass, Treatment};
use crate::plan::{UserDecision, UuidStrategy};
use crate::{Error, Plan};

/// How many ids a problem lists.
const LISTED: usize = 20;
/// Users asked about at once on the target.
const BATCH: usize = 1_000;

/// Who is on the target already.
pub(crate) enum Directory<'a> {
    /// Asked in its database.
    Database(&'a Client),
    /// Listed before, by its API.
    Listed(&'a [auth::import::Present]),
}

impl Directory<'_> {
    async fn present(
        &self,
        ids: &[Uuid],
        addresses: &[&str],
    ) -> Result<Vec<auth::import::Present>, Error> {
        match self {
            Self::Database(client) => Ok(auth::import::present(*client, ids, addresses).await?),
            Self::Listed(all) => Ok(all
                .iter()
                .filter(|it| {
                    let same_address = it
                        .email
                        .as_deref()
                        .is_some_and(|it| addresses.contains(&it));
                    same_address || ids.contains(&it.id)
                })
                .cloned()
                .collect()),
        }
    }
}

/// What must be remembered of everybody to tell who shares an address.
struct Seen {
    address: u128,
    place: usize,
    usable: bool,
    signed_in: i64,
    created: i64,
}

/// Reads everybody and judges. `target` is asked who is there already.
pub(crate) async fn survey(
    source: &Client,
    target: &Directory<'_>,
    plan: &Plan,
    inventory: &Inventory,
    seed: &Seed,
    carrier: Carrier,
) -> Result<Survey, Error> {
    let ids = seed.ids_of(&plan.users.table.to_string());
    let mut survey = Survey::of(carrier);
    let mut problems = Problems::default();
    let mut seen: Vec<Seen> = Vec::new();
    let mut emails: Vec<(usize, String)> = Vec::new();
    let mut people = std::pin::pin!(people(source, plan, inventory).await?);
    while let Some(person) = people.next().await {
        let person = person?;
        let place = survey.verdicts.len();
        let mut verdict = Verdict {
            uuid: new_id(plan, &ids, &person)?,
            legacy: person.legacy.as_str().into(),
            outcome: Outcome::Create,
            code: None,
        };
        match normalize(person.email.as_deref()) {
            Ok(email) => {
                seen.push(Seen {
                    address: xxh3_128(email.as_bytes()),
                    place,
                    usable: person.active != Some(false) && !person.deleted,
                    signed_in: person.signed_in.map_or(i64::MIN, |at| at.timestamp()),
                    created: person.created.map_or(i64::MAX, |at| at.timestamp()),
                });
                if person
                    .email
                    .as_deref()
                    .is_some_and(|raw| raw.to_lowercase() != email)
                {
                    problems.note(
                        "MIG-U-EMAIL-TRIM",
                        &person.legacy,
                        "created; the original is kept in the metadata",
                    );
                }
                emails.push((place, email));
            }
            // Somebody without an address may sign in by number.
            Err(_) if person.phone.is_some() => {}
            Err(fault) => decide(plan, fault.code(), &mut verdict, &mut problems),
        }
        let fate = person.fate(plan, carrier);
        password(&person, &fate, &mut survey.passwords, &mut problems);
        notes(plan, &person, &mut problems);
        survey.verdicts.push(verdict);
        if emails.len() >= BATCH {
            already_there(target, plan, &mut survey, &mut problems, &mut emails).await?;
        }
    }
    already_there(target, plan, &mut survey, &mut problems, &mut emails).await?;
    duplicates(plan, &mut survey, &mut problems, seen);
    survey.problems = problems.0.into_values().collect();
    Ok(survey)
}

fn new_id(plan: &Plan, ids: &crate::ids::Derivation, person: &Person) -> Result<Uuid, Error> {
    if plan.users.id_form == crate::mapping::IdForm::Uuid {
        return Uuid::parse_str(&person.legacy)
            .map_err(|_| Error::Catalog("a users table's key that is no UUID".into()));
    }
    match (&plan.users.uuid, &person.uuid) {
        (UuidStrategy::Column(column), text) => text
            .as_deref()
            .and_then(|text| Uuid::parse_str(text.trim()).ok())
            .ok_or_else(|| Error::NoUuid {
                column: column.clone(),
                legacy: person.legacy.clone(),
            }),
        (UuidStrategy::Derived, _) => Ok(ids.uuid(&person.legacy)),
    }
}

/// Applies the plan's decision on a problem.
fn decide(plan: &Plan, code: &'static str, verdict: &mut Verdict, problems: &mut Problems) {
    let (outcome, consequence) = match plan.users.decision(code) {
        UserDecision::Fail | UserDecision::Ask => (Outcome::Fail, "fails"),
        _ => (Outcome::Placeholder, "placeholder: banned, keeps its rows"),
    };
    verdict.outcome = outcome;
    verdict.code = Some(code);
    problems.note(code, &verdict.legacy, consequence);
}

fn password(
    person: &Person,
    fate: &Fate,
    classes: &mut BTreeMap<(String, String), u64>,
    problems: &mut Problems,
) {
    let class = &fate.class;
    let name = match fate.treatment {
        Treatment::Import => "import",
        Treatment::ImportTrimmed => {
            problems.note(
                "MIG-U-HASH-TRIM",
                &person.legacy,
                "imported without the blanks around it",
            );
            "import-trimmed"
        }
        Treatment::ImportStripped => "import-stripped",
        Treatment::Verifier => {
            problems.note(
                "MIG-U-HASH-LEGACY",
                &person.legacy,
                if class.is_weak() {
                    "carried: checked in its old form at the first sign-in, then replaced; weak until then"
                } else {
                    "carried: checked in its old form at the first sign-in, then replaced"
                },
            );
            "verifier"
        }
        Treatment::NoPassword(why) if class.is_hash() => {
            problems.note("MIG-U-HASH-LEGACY", &person.legacy, without(why));
            "reset"
        }
        Treatment::NoPassword(_) => {
            let code = match class {
                HashClass::Malformed(_) => "MIG-U-HASH-MALFORMED",
                HashClass::Unknown => "MIG-U-HASH-UNKNOWN",
                _ => "MIG-U-HASH-NONE",
            };
            problems.note(
                code,
                &person.legacy,
                "created without a password: to be reset",
            );
            "no-password"
        }
    };
    *classes.entry((class.label(), name.to_owned())).or_default() += 1;
}

/// The consequence of not carrying a hash.
fn without(why: &'static str) -> String {
    format!("created without a password, to be reset: {why}")
}

/// What deserves a line and changes nothing.
fn notes(plan: &Plan, person: &Person, problems: &mut Problems) {
    if plan.users.active.is_some() && person.active.is_none() {
        problems.note(
            "MIG-U-ACTIVE-NULL",
            &person.legacy,
            "active, as the column's default says",
        );
    }
    if person.active == Some(false) {
        problems.note(
            "MIG-U-INACTIVE",
            &person.legacy,
            "banned: cannot sign in, keeps its rows",
        );
    }
    if person.deleted {
        problems.note(
            "MIG-U-DELETED",
            &person.legacy,
            "banned: cannot sign in, keeps its rows",
        );
    }
    if plan.users.role.is_some()
        && let Some(becomes) = plan.users.roles.get(person.role.as_deref().unwrap_or(""))
        && person.role.as_deref() != Some(becomes)
    {
        problems.note(
            "MIG-U-ROLE-UNKNOWN",
            &person.legacy,
            "role as the plan maps it",
        );
    }
}

/// MIG-DUP-05: who has an id or an address that is taken on the target.
async fn already_there(
    target: &Directory<'_>,
    plan: &Plan,
    survey: &mut Survey,
    problems: &mut Problems,
    emails: &mut Vec<(usize, String)>,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = emails
        .iter()
        .map(|(place, _)| survey.verdicts[*place].uuid)
        .collect();
    let addresses: Vec<&str> = emails.iter().map(|(_, email)| email.as_str()).collect();
    let present = target.present(&ids, &addresses).await?;
    if !present.is_empty() {
        let by_id: HashMap<Uuid, _> = present.iter().map(|it| (it.id, it)).collect();
        let by_email: HashMap<&str, _> = present
            .iter()
            .filter_map(|it| Some((it.email.as_deref()?, it)))
            .collect();
        let source = plan.users.table.to_string();
        for (place, email) in emails.iter() {
            let verdict = &mut survey.verdicts[*place];
            if let Some(same) = by_id.get(&verdict.uuid) {
                // Made by this very run before it was interrupted.
                if same.run != Some(plan.run) {
                    verdict.outcome = Outcome::Link;
                }
                continue;
            }
            let Some(other) = by_email.get(email.as_str()) else {
                continue;
            };
            let ours = other.source.as_deref() == Some(&source)
                && other.legacy_id.as_deref() == Some(&*verdict.legacy);
            if ours {
                verdict.uuid = other.id;
                verdict.outcome = Outcome::Link;
            } else {
                decide(plan, "MIG-U-IN-TARGET", verdict, problems);
            }
        }
    }
    emails.clear();
    Ok(())
}

/// MIG-DUP-02 to 04: several old users with one address.
fn duplicates(plan: &Plan, survey: &mut Survey, problems: &mut Problems, mut seen: Vec<Seen>) {
    const CODE: &str = "MIG-U-CASE-DUP";
    seen.retain(|it| survey.verdicts[it.place].outcome == Outcome::Create);
    seen.sort_by_key(|it| (it.address, it.place));
    for group in seen.chunk_by_mut(|a, b| a.address == b.address) {
        if group.len() < 2 {
            continue;
        }
        let decision = plan.users.decision(CODE);
        let usable = group.iter().filter(|it| it.usable).count();
        // Somebody who left does not take the address from the one who came after.
        let decision = if usable == 1 && decision != UserDecision::Merge {
            UserDecision::KeepActive
        } else {
            decision
        };
        group.sort_by_key(|it| match decision {
            UserDecision::KeepNewest => (!it.usable, std::cmp::Reverse(it.created), it.place),
            _ => (!it.usable, std::cmp::Reverse(it.signed_in), it.place),
        });
        let survivor = survey.verdicts[group[0].place].uuid;
        for (rank, it) in group.iter().enumerate() {
            let verdict = &mut survey.verdicts[it.place];
            verdict.code = Some(CODE);
            let (outcome, consequence) = match (decision, rank) {
                (UserDecision::Fail | UserDecision::Ask, _) => (Outcome::Fail, "fails"),
                (UserDecision::Placeholder, _) => {
                    (Outcome::Placeholder, "placeholder: banned, keeps its rows")
                }
                (_, 0) => (Outcome::Create, "keeps the address"),
                (UserDecision::Merge, _) => {
                    verdict.uuid = survivor;
                    (Outcome::Merge, "merged into the other")
                }
                _ => (Outcome::Placeholder, "placeholder: banned, keeps its rows"),
            };
            verdict.outcome = outcome;
            problems.note(CODE, &verdict.legacy.clone(), consequence);
        }
    }
}

#[derive(Default)]
struct Problems(BTreeMap<(&'static str, String), Problem>);

impl Problems {
    fn note(&mut self, code: &'static str, legacy: &str, consequence: impl Into<String>) {
        let consequence = consequence.into();
        let problem = self
            .0
            .entry((code, consequence.clone()))
            .or_insert_with(|| Problem {
                code,
                count: 0,
                legacy_ids: Vec::new(),
                consequence,
            });
        problem.count += 1;
        if problem.legacy_ids.len() < LISTED {
            problem.legacy_ids.push(legacy.to_owned());
        }
    }
}
