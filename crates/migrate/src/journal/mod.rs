//! What a run did, in the target, written in the same transaction as the thing itself: after any crash a step is
//! either wholly there and recorded, or not there (MIG-RES-01).

mod rejects;

use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

pub(crate) use rejects::{KeptReject, WRITE_REJECTS};

use crate::copy::{Checksum, Moved};
use crate::ids::Seed;
use crate::{Error, Plan};

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Users are being made.
    Users,
    /// Tables are being made.
    Schema,
    /// Rows are on their way.
    Loading,
    /// Everything is there.
    Loaded,
    /// Policies and realtime are on.
    Secured,
    /// Everything was taken back.
    RolledBack,
}

impl State {
    /// Its name in the journal and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Schema => "schema",
            Self::Loading => "loading",
            Self::Loaded => "loaded",
            Self::Secured => "secured",
            Self::RolledBack => "rolled-back",
        }
    }
}

/// A run as the journal tells it.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its id.
    pub id: Uuid,
    /// The source's fingerprint.
    pub source: String,
    /// Digest of the plan it carries out.
    pub plan_digest: String,
    /// Where it is.
    pub state: String,
    /// When it began, as the server writes it.
    pub started_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
}

/// A step as the journal tells it.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Its name.
    pub step: String,
    /// `started` or `done`.
    pub status: String,
    /// How often it was begun.
    pub attempts: i32,
    /// Rows, where that means something.
    pub rows: Option<i64>,
    /// What was noted.
    pub note: Option<String>,
}

/// A loaded part.
#[derive(Debug, Clone)]
pub struct PartRecord {
    /// The table on the target.
    pub table: String,
    /// Its number.
    pub part: i32,
    /// The range of the source it holds.
    pub range: String,
    /// Rows read.
    pub read: u64,
    /// Rows loaded, and what they add up to.
    pub loaded: Checksum,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Rows that the target refused.
    pub rejected: u64,
    /// Bytes loaded.
    pub bytes: u64,
}

/// Writes and reads the record of one run.
#[derive(Debug, Clone)]
pub struct Journal {
    run: Uuid,
}

impl Journal {
    /// Makes the journal if it is missing and enters the run, or finds it there. The seed that counts is the
    /// journal's: the one given is kept only for a new run.
    pub async fn open(
        client: &mut Client,
        plan: &Plan,
        seed: &Seed,
    ) -> Result<(Self, Seed), Error> {
        let tx = client.transaction().await?;
        tx.batch_execute(include_str!("journal.sql")).await?;
        tx.execute(
            "insert into passerelle_migrate.runs (id, source, plan_digest, plan, seed, engine, state) \
             values ($1, $2, $3, $4, $5, $6, 'users') on conflict (id) do nothing",
            &[
                &plan.run,
                &plan.source.fingerprint,
                &plan.digest(),
                &plan.render(),
                &seed.as_bytes().as_slice(),
                &env!("CARGO_PKG_VERSION"),
            ],
        )
        .await?;
        let row = tx
            .query_one(
                "select plan_digest, seed, source from passerelle_migrate.runs where id = $1 for update",
                &[&plan.run],
            )
            .await?;
        let (digest, kept, source): (String, Vec<u8>, String) =
            (row.get(0), row.get(1), row.get(2));
        if digest != plan.digest() {
            return Err(Error::PlanChanged {
                then: digest,
                now: plan.digest(),
            });
        }
        if source != plan.source.fingerprint {
            return Err(Error::OtherSource);
        }
        let seed =
            Seed::from_bytes(&kept).ok_or_else(|| Error::Catalog("the run's seed".into()))?;
        tx.commit().await?;
        Ok((Self { run: plan.run }, seed))
    }

    /// The journal of a run that is there, without writing.
    pub fn of(run: Uuid) -> Self {
        Self { run }
    }

    /// The run.
    pub fn run(&self) -> Uuid {
        self.run
    }

    /// Whether the target has a journal at all.
    pub async fn exists(client: &impl GenericClient) -> Result<bool, Error> {
        let row = client
            .query_one(
                "select to_regclass('passerelle_migrate.runs') is not null",
                &[],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Every run, the newest first.
    pub async fn runs(client: &impl GenericClient) -> Result<Vec<RunRecord>, Error> {
        if !Self::exists(client).await? {
            return Ok(Vec::new());
        }
        let rows = client.query(include_str!("sql/runs.sql"), &[]).await?;
        Ok(rows
            .iter()
            .map(|row| RunRecord {
                id: row.get(0),
                source: row.get(1),
                plan_digest: row.get(2),
                state: row.get(3),
                started_at: row.get(4),
                finished_at: row.get(5),
            })
            .collect())
    }

    /// The plan that a run carries out, as it was then.
    pub async fn plan_text(
        client: &impl GenericClient,
        run: Uuid,
    ) -> Result<Option<String>, Error> {
        let row = client
            .query_opt(
                "select plan from passerelle_migrate.runs where id = $1",
                &[&run],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// The steps begun, in order.
    pub async fn steps(&self, client: &impl GenericClient) -> Result<Vec<StepRecord>, Error> {
        let rows = client
            .query(
                "select step, status, attempts, rows, note from passerelle_migrate.steps where run = $1 order by step",
                &[&self.run],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| StepRecord {
                step: row.get(0),
                status: row.get(1),
                attempts: row.get(2),
                rows: row.get(3),
                note: row.get(4),
            })
            .collect())
    }

    /// Begins a step. False when it is done already with the same input; [`Error::StepChanged`] with another.
    pub async fn begin(&self, client: &Client, step: &str, input: &str) -> Result<bool, Error> {
        let row = client
            .query_one(
                include_str!("sql/begin_step.sql"),
                &[&self.run, &step, &input],
            )
            .await?;
        let (status, then): (String, String) = (row.get(0), row.get(1));
        if status == "done" && then != input {
            return Err(Error::StepChanged(step.to_owned()));
        }
        Ok(status != "done")
    }

    /// Ends a step; in the transaction of what it did, where there is one.
    pub async fn finish(
        &self,
        client: &impl GenericClient,
        step: &str,
        rows: Option<u64>,
        note: Option<&str>,
    ) -> Result<(), Error> {
        let rows = rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
        client
            .execute(
                "update passerelle_migrate.steps set status = 'done', finished_at = clock_timestamp(), \
                 rows = $3, note = $4 where run = $1 and step = $2",
                &[&self.run, &step, &rows, &note],
            )
            .await?;
        Ok(())
    }

    /// Forgets that steps were done, so that they are looked at again.
    pub async fn reopen(&self, client: &impl GenericClient, from: &str) -> Result<(), Error> {
        client
            .execute(
                "delete from passerelle_migrate.steps where run = $1 and step >= $2",
                &[&self.run, &from],
            )
            .await?;
        Ok(())
    }

    /// Where the run is now.
    pub async fn state(&self, client: &impl GenericClient, state: State) -> Result<(), Error> {
        client
            .execute(
                "update passerelle_migrate.runs set state = $2, \
                 finished_at = case when $2 in ('secured', 'rolled-back') then clock_timestamp() end where id = $1",
                &[&self.run, &state.name()],
            )
            .await?;
        Ok(())
    }

    /// Records a loaded part, in its transaction.
    pub(crate) async fn part(
        &self,
        tx: &impl GenericClient,
        table: &str,
        part: i32,
        range: &str,
        moved: &Moved,
    ) -> Result<(), Error> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        tx.execute(
            include_str!("sql/record_part.sql"),
            &[
                &self.run,
                &table,
                &part,
                &range,
                &number(moved.read),
                &number(moved.loaded.rows),
                &number(moved.quarantined),
                &number(moved.rejected),
                &number(moved.bytes),
                &moved.loaded.text(),
            ],
        )
        .await?;
        Ok(())
    }

    /// The parts that are loaded.
    pub async fn parts(&self, client: &impl GenericClient) -> Result<Vec<PartRecord>, Error> {
        let rows = client
            .query(include_str!("sql/parts.sql"), &[&self.run])
            .await?;
        rows.iter()
            .map(|row| {
                let count = |place: usize| u64::try_from(row.get::<_, i64>(place)).unwrap_or(0);
                Ok(PartRecord {
                    table: row.get(0),
                    part: row.get(1),
                    range: row.get(2),
                    read: count(3),
                    loaded: Checksum::parse(count(4), row.get(8))
                        .ok_or_else(|| Error::Catalog("a part's checksum".into()))?,
                    quarantined: count(5),
                    rejected: count(6),
                    bytes: count(7),
                })
            })
            .collect()
    }

    /// Forgets a table's parts and its refused rows, in the transaction that empties it.
    pub(crate) async fn forget_parts(
        &self,
        tx: &impl GenericClient,
        table: &str,
    ) -> Result<(), Error> {
        for kept in ["parts", "rejects"] {
            let forget = format!(
                "delete from passerelle_migrate.{kept} where run = $1 and target_table = $2"
            );
            tx.execute(&forget, &[&self.run, &table]).await?;
        }
        Ok(())
    }

    /// Records what a step made and the statement that takes it back.
    pub async fn object(
        &self,
        client: &impl GenericClient,
        step: &str,
        kind: &str,
        name: &str,
        inverse: &str,
    ) -> Result<(), Error> {
        client
            .execute(
                "insert into passerelle_migrate.objects (run, step, kind, name, inverse) values ($1, $2, $3, $4, $5)",
                &[&self.run, &step, &kind, &name, &inverse],
            )
            .await?;
        Ok(())
    }

    /// What was made, the newest first: number, step, kind, name, inverse.
    pub async fn objects(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<(i64, String, String, String, String)>, Error> {
        let rows = client
            .query(
                "select number, step, kind, name, inverse from passerelle_migrate.objects \
                 where run = $1 order by number desc",
                &[&self.run],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
            .collect())
    }

    /// Notes something for whoever reads the journal later.
    pub async fn event(
        &self,
        client: &impl GenericClient,
        kind: &str,
        text: &str,
    ) -> Result<(), Error> {
        client
            .execute(
                "insert into passerelle_migrate.events (run, kind, text) values ($1, $2, $3)",
                &[&self.run, &kind, &text],
            )
            .await?;
        Ok(())
    }
}
