//! Objects that may fail to be made: each in a savepoint of its own, none passed over in silence.

use tokio_postgres::{GenericClient, Transaction};
use uuid::Uuid;

use super::Context;
use crate::Error;

/// An event of the journal: not made since it does not fit the converted columns, or on purpose.
const LEFT: &str = "left";
/// An event of the journal: not made although it should be.
const FAILED: &str = "not-made";

/// An object to be made.
pub(super) struct Attempt<'a> {
    pub(super) step: &'static str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) make: &'a str,
    pub(super) inverse: &'a str,
    /// That it fails is because of the conversion: a warning, and no fault of the run.
    pub(super) excused: bool,
}

/// Makes an object unless this run made it already.
pub(super) async fn try_make(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    it: &Attempt<'_>,
) -> Result<bool, Error> {
    if is_made(context, tx, it.kind, it.name).await? {
        return Ok(true);
    }
    let Some(error) = attempt(tx, it.make).await? else {
        let journal = context.journal;
        journal
            .object(tx, it.step, it.kind, it.name, it.inverse)
            .await?;
        return Ok(true);
    };
    leave(
        context,
        tx,
        it.kind,
        it.name,
        &error.to_string(),
        it.excused,
    )
    .await?;
    Ok(false)
}

/// Says that an object is not there, to whoever watches and in the journal.
pub(super) async fn leave(
    context: &Context<'_>,
    client: &impl GenericClient,
    kind: &str,
    name: &str,
    why: &str,
    excused: bool,
) -> Result<(), Error> {
    let (code, event) = if excused {
        ("MIG-X-DROPPED", LEFT)
    } else {
        ("MIG-D-FAILED", FAILED)
    };
    context.warn(code, format!("{kind} {name}"), format!("not made: {why}"));
    let text = format!("{kind} {name}: {why}");
    context.journal.event(client, event, &text).await
}

/// What a run left out because of the conversion, as `kind name: why`.
pub(crate) async fn left(client: &impl GenericClient, run: Uuid) -> Result<Vec<String>, Error> {
    let rows = client
        .query(
            "select text from passerelle_migrate.events where run = $1 and kind = $2",
            &[&run, &LEFT],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Whether this run made it already.
pub(super) async fn is_made(
    context: &Context<'_>,
    client: &impl GenericClient,
    kind: &str,
    name: &str,
) -> Result<bool, Error> {
    let row = client
        .query_one(
            "select exists (select 1 from passerelle_migrate.objects where run = $1 and kind = $2 and name = $3)",
            &[&context.journal.run(), &kind, &name],
        )
        .await?;
    Ok(row.get(0))
}

/// Runs statements in a savepoint; what the target says when it refuses.
pub(super) async fn attempt(
    tx: &mut Transaction<'_>,
    sql: &str,
) -> Result<Option<pg::Error>, Error> {
    let savepoint = tx.savepoint("object").await?;
    match savepoint.batch_execute(sql).await {
        Ok(()) => {
            savepoint.commit().await?;
            Ok(None)
        }
        Err(error) => {
            let error = pg::Error::from(error);
            if matches!(error, pg::Error::Lost(_)) {
                return Err(error.into());
            }
            savepoint.rollback().await?;
            Ok(Some(error))
        }
    }
}
