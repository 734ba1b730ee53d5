//! The boxes that are ticked by what is in the target now.

use std::collections::HashSet;

use migrate::journal::{Journal, StepRecord};
use migrate::run::tables;
use migrate::{Plan, Target};
use pg::Endpoint;
use tokio_postgres::Client;

/// What is there, or what is wrong with it.
pub(super) struct Seen {
    steps: Vec<StepRecord>,
    /// Where the run is.
    pub(super) state: Option<String>,
    /// Objects that a rollback takes back.
    pub(super) objects: usize,
    /// Users that the run made.
    pub(super) created: i64,
    /// Everybody is made.
    pub(super) users: Result<String, String>,
    /// Everybody has an id, and nobody else may read it.
    pub(super) mapping: Result<String, String>,
    /// Every row is accounted for (MIG-GEN-02).
    pub(super) rows: Result<String, String>,
    /// The planned tables are published.
    pub(super) published: Result<String, String>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            state: None,
            objects: 0,
            created: 0,
            users: Ok(String::new()),
            mapping: Ok(String::new()),
            rows: Ok(String::new()),
            published: Ok(String::new()),
        }
    }
}

impl Seen {
    /// Whether a step came to its end.
    pub(super) fn finished(&self, step: &str) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|it| it.step == step && it.status == "done")
    }
}

/// Reads the journal of the plan's run, and whether what it made is still there.
pub(super) async fn look(endpoint: &Endpoint, plan: &Plan) -> Result<Seen, migrate::Error> {
    let client = Target::unlocked(endpoint).session().await?;
    if !Journal::exists(&client).await? {
        return Ok(Seen::default());
    }
    let journal = Journal::of(plan.run);
    let runs = Journal::runs(&client).await?;
    let mut seen = Seen {
        steps: journal.steps(&client).await?,
        state: runs
            .into_iter()
            .find(|it| it.id == plan.run)
            .map(|it| it.state),
        objects: journal.objects(&client).await?.len(),
        ..Seen::default()
    };
    if seen.finished("S02") {
        people(&client, plan, &mut seen).await?;
    }
    if seen.finished("S05") {
        seen.rows = accounts(&client, &journal).await?;
    }
    if seen.finished("S11") {
        seen.published = published(&client, plan).await?;
    }
    Ok(seen)
}

async fn people(client: &Client, plan: &Plan, seen: &mut Seen) -> Result<(), migrate::Error> {
    let query = include_str!("../../../sql/status_people.sql");
    let row = match client.query_one(query, &[&plan.run]).await {
        Ok(row) => row,
        Err(error) => {
            let words = error.as_db_error().map(|said| said.message().to_owned());
            seen.mapping = Err(words.unwrap_or_else(|| error.to_string()));
            return Ok(());
        }
    };
    let (lines, created, failed, absent): (i64, i64, i64, i64) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let open: bool = row.get(4);
    seen.created = created;
    let planned = i64::try_from(plan.users.rows).unwrap_or(i64::MAX);
    seen.users = match () {
        () if absent > 0 => Err(format!("{absent} of {lines} users are gone")),
        () if failed > i64::try_from(plan.limits.max_user_failures).unwrap_or(i64::MAX) => {
            Err(format!("{failed} of {lines} users could not be made"))
        }
        () => Ok(format!(
            "{lines} users, {created} made, {failed} failed{}",
            old_hashes(client).await?
        )),
    };
    seen.mapping = match () {
        () if open => Err("callers of the API may read user_id_mapping".to_owned()),
        () if lines < planned => Err(format!("{lines} lines for {planned} users")),
        () => Ok(format!("{lines} lines")),
    };
    Ok(())
}

/// MIG-PWD-04: whose password is still in the old application's form.
async fn old_hashes(client: &Client) -> Result<String, migrate::Error> {
    let left = auth::import::legacy_left(client).await?;
    let each: Vec<String> = left
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    Ok(if each.is_empty() {
        String::new()
    } else {
        format!(", not signed in yet with an old hash: {}", each.join(", "))
    })
}

async fn accounts(
    client: &Client,
    journal: &Journal,
) -> Result<Result<String, String>, migrate::Error> {
    let tables = tables(&journal.parts(client).await?);
    if let Some(wrong) = tables.iter().find(|table| !table.balances()) {
        return Ok(Err(format!("{}: the rows do not add up", wrong.table)));
    }
    let sum = |of: fn(&migrate::run::TableReport) -> u64| tables.iter().map(of).sum::<u64>();
    Ok(Ok(format!(
        "{} rows read = {} loaded + {} quarantined + {} rejected",
        sum(|it| it.read),
        sum(|it| it.loaded),
        sum(|it| it.quarantined),
        sum(|it| it.rejected)
    )))
}

async fn published(client: &Client, plan: &Plan) -> Result<Result<String, String>, migrate::Error> {
    let query = "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'supabase_realtime'";
    let rows = client.query(query, &[]).await?;
    let there: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let planned = plan.made_tables().filter(|table| table.realtime);
    let planned: Vec<String> = planned.map(|table| table.name.to_string()).collect();
    let missing: Vec<&str> = planned
        .iter()
        .filter(|name| !there.contains(*name))
        .map(String::as_str)
        .collect();
    Ok(if missing.is_empty() {
        Ok(planned.join(", "))
    } else {
        Err(format!("not published: {}", missing.join(", ")))
    })
}
