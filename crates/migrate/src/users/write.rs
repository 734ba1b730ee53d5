//! Writes the mapping, then the users: each batch one transaction with its entry in the journal.

use base::Secret;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::email::normalize;
use super::read::{Person, people};
use super::{Outcome, Survey, Verdict};
use crate::copy::push_value;
use crate::inventory::Inventory;
use crate::password::{Carrier, Treatment};
use crate::{Error, Plan};

/// Users written in one transaction.
const BATCH: usize = 1_000;
/// Bytes gathered before they are sent on.
const CHUNK: usize = 64 << 10;

/// The address that a user gets on the target.
pub(super) fn address(plan: &Plan, person: &Person, outcome: Outcome) -> String {
    if outcome != Outcome::Placeholder
        && let Ok(email) = normalize(person.email.as_deref())
    {
        return email;
    }
    placeholder(plan, &person.legacy)
}

/// A made-up address of the old id.
fn placeholder(plan: &Plan, legacy: &str) -> String {
    let domain = &plan.users.placeholder_domain;
    normalize(Some(&format!("user-{legacy}@{domain}"))).unwrap_or_else(|_| {
        let digest = xxhash_rust::xxh3::xxh3_128(legacy.as_bytes());
        format!("user-{digest:032x}@{domain}")
    })
}

/// Fills `public.user_id_mapping` with everybody, `planned` (MIG-MAP-01, MIG-MAP-04). What an earlier
/// attempt entered stays.
pub(crate) async fn fill_mapping(
    source: &Client,
    tx: &Transaction<'_>,
    plan: &Plan,
    inventory: &Inventory,
    survey: &Survey,
) -> Result<u64, Error> {
    // By way of a table of its own: what an earlier attempt entered stays as it is.
    tx.batch_execute(
        "create temporary table mapping_now (like public.user_id_mapping including defaults) on commit drop",
    )
    .await?;
    let sink = tx
        .copy_in::<_, Bytes>(
            "copy mapping_now (old_user_id, supabase_user_id, email, source_table, run_id, status, password_status) \
             from stdin",
        )
        .await?;
    let mut sink = std::pin::pin!(sink);
    let mut people = std::pin::pin!(people(source, plan, inventory).await?);
    let mut chunk: Vec<u8> = Vec::with_capacity(CHUNK + 4096);
    let mut verdicts = survey.verdicts.iter();
    let table = plan.users.table.to_string();
    while let Some(person) = people.next().await {
        let person = person?;
        let verdict = matching(verdicts.next(), &person)?;
        push_value(&mut chunk, Some(&person.legacy));
        chunk.extend_from_slice(format!("\t{}\t", verdict.uuid).as_bytes());
        push_value(&mut chunk, Some(&address(plan, &person, verdict.outcome)));
        chunk.push(b'\t');
        push_value(&mut chunk, Some(&table));
        let status = match verdict.outcome {
            Outcome::Fail => "failed",
            Outcome::Merge => "merged",
            _ => "planned",
        };
        let password = password_status(person.fate(plan, survey.carrier).treatment);
        chunk.extend_from_slice(format!("\t{}\t{status}\t{password}\n", plan.run).as_bytes());
        if chunk.len() >= CHUNK {
            sink.feed(Bytes::from(std::mem::take(&mut chunk))).await?;
        }
    }
    sink.feed(Bytes::from(chunk)).await?;
    let rows = sink.finish().await?;
    tx.batch_execute(
        "insert into public.user_id_mapping select * from mapping_now on conflict do nothing",
    )
    .await?;
    Ok(rows)
}

/// What the mapping says of a password.
pub(super) fn password_status(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Import | Treatment::ImportTrimmed | Treatment::ImportStripped => "imported",
        Treatment::Verifier => "legacy",
        Treatment::NoPassword(_) => "none",
    }
}

/// The survey and the stream come from the same snapshot, in the same order.
pub(super) fn matching<'a>(
    verdict: Option<&'a Verdict>,
    person: &Person,
) -> Result<&'a Verdict, Error> {
    verdict
        .filter(|verdict| *verdict.legacy == person.legacy)
        .ok_or_else(|| Error::Catalog("the users table changed while it was read".into()))
}

/// Makes the users over SQL. Those that an earlier attempt made are left alone. `done` is told how many so far.
pub(crate) async fn write_users(
    source: &Client,
    target: &mut Client,
    plan: &Plan,
    inventory: &Inventory,
    survey: &Survey,
    now: DateTime<Utc>,
    done: &(dyn Fn(u64) + Sync),
) -> Result<(), Error> {
    // MIG-GEN-04: what counts is what is there, not what was noted once.
    let lost = include_str!("../sql/lost_users.sql");
    target.execute(lost, &[&plan.run]).await?;
    let mut people = std::pin::pin!(people(source, plan, inventory).await?);
    let mut verdicts = survey.verdicts.iter();
    let mut batch: Vec<(Verdict, Person)> = Vec::with_capacity(BATCH);
    loop {
        let person = people.next().await.transpose()?;
        let last = person.is_none();
        if let Some(person) = person {
            batch.push((matching(verdicts.next(), &person)?.clone(), person));
        }
        if batch.len() >= BATCH || (last && !batch.is_empty()) {
            write_batch(target, plan, survey.carrier, &batch, now).await?;
            done(batch.len() as u64);
            batch.clear();
        }
        if last {
            return Ok(());
        }
    }
}

async fn write_batch(
    target: &mut Client,
    plan: &Plan,
    carrier: Carrier,
    batch: &[(Verdict, Person)],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let table = plan.users.table.to_string();
    let tx = target.transaction().await?;
    let legacy: Vec<&str> = batch.iter().map(|(verdict, _)| &*verdict.legacy).collect();
    let rows = tx
        .query(
            "select legacy_id from passerelle_migrate.users where run = $1 and source_table = $2 and legacy_id = any ($3)",
            &[&plan.run, &table, &legacy],
        )
        .await?;
    let recorded: std::collections::HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let fresh: Vec<&(Verdict, Person)> = batch
        .iter()
        .filter(|(verdict, _)| !recorded.contains(&*verdict.legacy))
        .collect();
    if fresh.is_empty() {
        return Ok(tx.commit().await?);
    }
    let made: Vec<_> = fresh
        .iter()
        .filter(|(verdict, _)| matches!(verdict.outcome, Outcome::Create | Outcome::Placeholder))
        .map(|(verdict, person)| user(plan, verdict, person, carrier, now))
        .collect();
    auth::import::write(&tx, &made).await?;
    let ids: Vec<Uuid> = made.iter().map(|user| user.id).collect();
    let digests: std::collections::HashMap<Uuid, String> = auth::import::digests(&tx, &ids)
        .await?
        .into_iter()
        .collect();
    let column = |field: fn(&Verdict) -> &str| -> Vec<&str> {
        fresh.iter().map(|(verdict, _)| field(verdict)).collect()
    };
    let digest: Vec<Option<&str>> = fresh
        .iter()
        .map(|(verdict, _)| match verdict.outcome {
            Outcome::Create | Outcome::Placeholder => {
                digests.get(&verdict.uuid).map(String::as_str)
            }
            _ => None,
        })
        .collect();
    let passwords: Vec<&str> = fresh
        .iter()
        .map(|(_, person)| password_status(person.fate(plan, carrier).treatment))
        .collect();
    tx.execute(
        include_str!("../sql/record_users.sql"),
        &[
            &plan.run,
            &table,
            &column(|verdict| &verdict.legacy),
            &fresh
                .iter()
                .map(|(verdict, _)| verdict.uuid)
                .collect::<Vec<_>>(),
            &column(|verdict| verdict.outcome.status()),
            &column(|verdict| verdict.code.unwrap_or_default()),
            &passwords,
            &digest,
        ],
    )
    .await?;
    Ok(tx.commit().await?)
}

/// The user as the auth server is to have it (MIG-USR-04 to 07, MIG-META-01 to 03).
pub(super) fn user(
    plan: &Plan,
    verdict: &Verdict,
    person: &Person,
    carrier: Carrier,
    now: DateTime<Utc>,
) -> auth::import::Imported {
    let users = &plan.users;
    let placeholder = verdict.outcome == Outcome::Placeholder;
    let email = address(plan, person, verdict.outcome);
    let has_own_address = !placeholder && normalize(person.email.as_deref()).is_ok();
    let created = person.created.unwrap_or(now);
    let phone = person
        .phone
        .as_deref()
        .filter(|_| !placeholder)
        .and_then(auth::import::phone);
    // A hundred years: longer than anybody's claim to sign in.
    let banned = placeholder || person.active == Some(false) || person.deleted;
    let mut app = object(&person.app_metadata);
    let role = person.role.as_deref().unwrap_or("");
    if let Some(role) = users.roles.get(role) {
        app.insert("role".into(), json!(role));
    }
    let provider = if has_own_address || phone.is_none() {
        "email"
    } else {
        "phone"
    };
    app.insert("provider".into(), json!(provider));
    app.insert("providers".into(), json!([provider]));
    let mut legacy = json!({
        "source": users.table.to_string(),
        "id": person.legacy,
        "run": plan.run,
        "migrated_at": now,
    });
    let mut keep = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            legacy[key] = value;
        }
    };
    keep("created_at", person.created.map(|at| json!(at)));
    keep("last_login", person.signed_in.map(|at| json!(at)));
    keep(
        "email",
        person
            .email
            .as_deref()
            .filter(|raw| *raw != email && raw.len() <= 255)
            .map(|raw| json!(raw)),
    );
    keep(
        "username",
        person.username.as_deref().map(|name| json!(name)),
    );
    if users.legacy_id_in_token {
        app.insert("legacy_id".into(), legacy_id(&person.legacy));
    }
    app.insert("legacy".into(), legacy);
    auth::import::Imported {
        id: verdict.uuid,
        email_confirmed_at: (has_own_address && person.confirmed).then_some(created),
        phone_confirmed_at: phone.is_some().then_some(created),
        email: (has_own_address || phone.is_none()).then_some(email),
        phone,
        password_hash: person.fate(plan, carrier).hash.filter(|_| !placeholder),
        created_at: created,
        updated_at: person.updated.unwrap_or(created),
        last_sign_in_at: person.signed_in,
        banned_until: banned.then(|| now + TimeDelta::days(36_525)),
        app_metadata: Value::Object(app),
        user_metadata: Value::Object(object(&person.user_metadata)),
    }
}

/// A number stays a number in tokens.
fn legacy_id(legacy: &str) -> Value {
    legacy
        .parse::<i64>()
        .map_or_else(|_| json!(legacy), |id| json!(id))
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// What a user should be like on the target.
pub(crate) struct Expected {
    pub(crate) legacy: String,
    pub(crate) hash: Option<Secret>,
    /// The hash is an old application's, and may have been replaced since.
    pub(crate) carried: bool,
    pub(crate) banned: bool,
}

/// What everybody should be like: for proving an import.
pub(crate) async fn expected(
    source: &Client,
    plan: &Plan,
    inventory: &Inventory,
    carrier: Carrier,
) -> Result<Vec<Expected>, Error> {
    let mut people = std::pin::pin!(people(source, plan, inventory).await?);
    let mut all = Vec::new();
    while let Some(person) = people.next().await {
        let person = person?;
        let fate = person.fate(plan, carrier);
        all.push(Expected {
            carried: fate.treatment == Treatment::Verifier,
            hash: fate.hash,
            banned: person.active == Some(false) || person.deleted,
            legacy: person.legacy,
        });
    }
    Ok(all)
}
