//! Users: everybody in the mapping is there, as planned.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Scene, Verdict};
use crate::Error;
use crate::users::{carrier_to, expected};

/// Users compared at once.
const BATCH: usize = 1_000;

pub(super) async fn check(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let table = scene.plan.users.table.to_string();
    let rows = scene
        .target
        .query(
            "select old_user_id::text, supabase_user_id, email, status from public.user_id_mapping where source_table = $1",
            &[&table],
        )
        .await?;
    let mapping: HashMap<String, (Uuid, String, String)> = rows
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3))))
        .collect();
    let carrier = carrier_to(&scene.target).await?;
    let people = expected(&scene.source, scene.plan, scene.inventory, carrier).await?;
    let mut wrong = Wrong::default();
    for batch in people.chunks(BATCH) {
        let ids: Vec<Uuid> = batch
            .iter()
            .filter_map(|person| mapping.get(&person.legacy).map(|(id, ..)| *id))
            .collect();
        let stored: HashMap<Uuid, auth::import::Stored> = auth::import::stored(&scene.target, &ids)
            .await?
            .into_iter()
            .map(|user| (user.id, user))
            .collect();
        for person in batch {
            let Some((id, email, status)) = mapping.get(&person.legacy) else {
                wrong.unmapped += 1;
                continue;
            };
            if status == "failed" {
                wrong.failed += 1;
                continue;
            }
            let Some(user) = stored.get(id) else {
                wrong.absent += 1;
                continue;
            };
            let made = status == "created" || status == "placeholder";
            wrong.identity += u64::from(made && !user.has_identity && user.email.is_some());
            if !made {
                continue;
            }
            wrong.email += u64::from(user.email.as_deref().is_some_and(|it| it != email));
            let placeholder = status == "placeholder";
            wrong.banned += u64::from(user.banned != (placeholder || person.banned));
            let hash = person.hash.as_ref().filter(|_| !placeholder);
            let same = match hash {
                // Who has signed in since has another hash of the same password.
                Some(_) if person.carried && auth::import::is_renewed(&user.password_hash) => true,
                Some(hash) => user.password_hash.matches(hash.expose()),
                None => user.password_hash.is_empty(),
            };
            wrong.hash += u64::from(!same);
        }
    }
    let total = people.len();
    let mut say = |object: &str, count: u64, what: &str| {
        verdict.add(
            "MIG-VER-05",
            object,
            count == 0,
            format!("{total} users, {count} {what}"),
        );
    };
    say("mapping", wrong.unmapped, "without a new id");
    say("users", wrong.absent, "not there");
    say("failures", wrong.failed, "could not be made");
    say(
        "addresses",
        wrong.email,
        "with another address than the mapping's",
    );
    say("identities", wrong.identity, "without an identity");
    say(
        "passwords",
        wrong.hash,
        "with another hash than the source's",
    );
    say("bans", wrong.banned, "not banned as planned");
    Ok(())
}

#[derive(Default)]
struct Wrong {
    unmapped: u64,
    absent: u64,
    failed: u64,
    email: u64,
    identity: u64,
    hash: u64,
    banned: u64,
}
