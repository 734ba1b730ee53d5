//! The way back: everything that a run made is taken away, newest first; what it did not make is not touched.

use tokio_postgres::Client;
use uuid::Uuid;

use crate::Error;
use crate::journal::{Journal, State};
use crate::session::Target;

/// What was taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Undone {
    /// Objects dropped or restored.
    pub objects: u64,
    /// Users deleted.
    pub users: u64,
    /// Users left because somebody changed them since.
    pub users_kept: u64,
}

/// Users deleted in one transaction.
const BATCH: usize = 1_000;

/// Takes back step `to` and everything after it; all of the run when `to` is S01. Can be interrupted and begun again.
pub async fn rollback(target: &Target, run: Uuid, to: &str) -> Result<Undone, Error> {
    let mut client = target.session().await?;
    if !Journal::exists(&client).await? {
        return Ok(Undone::default());
    }
    let journal = Journal::of(run);
    let mut undone = Undone::default();
    // What depends on users goes before the users; objects are listed newest first.
    for (number, step, kind, name, inverse) in journal.objects(&client).await? {
        if step.as_str() < to || (step == "S02" && to <= "S02") {
            continue;
        }
        let tx = client.transaction().await?;
        tx.batch_execute(&inverse)
            .await
            .map_err(|error| Error::Object {
                kind,
                name,
                error: error.into(),
            })?;
        tx.execute(
            "delete from passerelle_migrate.objects where run = $1 and number = $2",
            &[&run, &number],
        )
        .await?;
        tx.commit().await?;
        undone.objects += 1;
    }
    if to <= "S05" {
        let tx = client.transaction().await?;
        if to == "S05" {
            for part in journal.parts(&tx).await? {
                let name = crate::Name::parse(&part.table)
                    .ok_or_else(|| Error::Catalog("a part's table".into()))?;
                tx.batch_execute(&format!("truncate {} cascade", name.quoted()))
                    .await?;
            }
        }
        for kept in ["parts", "rejects"] {
            let forget = format!("delete from passerelle_migrate.{kept} where run = $1");
            tx.execute(&forget, &[&run]).await?;
        }
        tx.commit().await?;
    }
    if to <= "S03" {
        users(&mut client, run, &mut undone).await?;
    }
    let tx = client.transaction().await?;
    if to <= "S02" {
        for (_, step, _, _, inverse) in journal.objects(&tx).await? {
            if step == "S02" {
                tx.batch_execute(&inverse).await?;
                undone.objects += 1;
            }
        }
    } else if to == "S03" {
        tx.execute(
            "update public.user_id_mapping set status = 'planned' where run_id = $1 and status in ('created', 'placeholder', 'linked')",
            &[&run],
        )
        .await?;
    }
    journal.reopen(&tx, to).await?;
    journal.state(&tx, State::RolledBack).await?;
    if to <= "S01" {
        tx.execute("delete from passerelle_migrate.runs where id = $1", &[&run])
            .await?;
        let others: bool = tx
            .query_one("select exists (select 1 from passerelle_migrate.runs)", &[])
            .await?
            .get(0);
        if !others {
            tx.batch_execute("drop schema passerelle_migrate cascade")
                .await?;
        }
        tx.batch_execute("notify pgrst, 'reload schema'").await?;
    }
    tx.commit().await?;
    Ok(undone)
}

/// Deletes the users that this run made and that nobody has changed since (MIG-RBK-02).
async fn users(client: &mut Client, run: Uuid, undone: &mut Undone) -> Result<(), Error> {
    let rows = client
        .query(
            "select uuid, digest from passerelle_migrate.users where run = $1 and digest is not null",
            &[&run],
        )
        .await?;
    let made: Vec<(Uuid, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for batch in made.chunks(BATCH) {
        let tx = client.transaction().await?;
        let deleted = auth::import::delete_unchanged(&tx, batch).await?;
        let ids: Vec<Uuid> = batch.iter().map(|(id, _)| *id).collect();
        tx.execute(
            "delete from passerelle_migrate.users where run = $1 and uuid = any ($2)",
            &[&run, &ids],
        )
        .await?;
        tx.commit().await?;
        undone.users += deleted;
        undone.users_kept += batch.len() as u64 - deleted;
    }
    Ok(())
}
