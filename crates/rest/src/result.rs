//! What came back: the one stage that holds a connection, and its answer.

use bytes::Bytes;
use pg::Requests;

use crate::config::Config;
use crate::error::Error;
use crate::plan::{Change, Kind, Plan};
use crate::query::{Transaction, column};
use crate::request::prefer::Count;
use crate::request::syntax::Window;

/// The answer of the main statement.
#[derive(Debug, Default)]
pub(crate) struct ResultSet {
    pub(crate) total: Option<i64>,
    pub(crate) rows: i64,
    pub(crate) body: Option<Bytes>,
    pub(crate) headers: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) inserted: Option<i64>,
    /// The primary key of the only row.
    pub(crate) key: Option<Vec<Option<String>>>,
}

impl ResultSet {
    /// Runs the transaction. Only where the answer must be seen before the commit is it kept open.
    pub(crate) async fn fetch(
        requests: &Requests,
        transaction: Transaction,
        plan: &Plan,
        config: &Config,
        anonymous: bool,
    ) -> Result<Self, Error> {
        let failed = |error| Error::from_pg(error, anonymous);
        if plan.chosen.explain.is_some() {
            let main = transaction.main;
            let results = requests.run(transaction.tx).await.map_err(failed)?;
            return Ok(Self::explained(results.get(main)));
        }
        let Transaction { tx, main, estimate } = transaction;
        if !must_be_judged(plan) {
            let results = requests.run(tx).await.map_err(failed)?;
            let result = Self::read(&results, main, estimate, plan, config)?;
            result.judge(plan)?;
            return Ok(result);
        }
        let end = tx.end;
        let open = requests.open(tx).await.map_err(failed)?;
        let judged = Self::read(open.results(), main, estimate, plan, config)
            .and_then(|result| result.judge(plan).map(|()| result));
        match (judged, end) {
            (Ok(result), pg::End::Commit) => open.commit().await.map(|_| result).map_err(failed),
            (judged, _) => {
                open.rollback().await.map_err(failed)?;
                judged
            }
        }
    }

    /// REST-MED-07: what `EXPLAIN` wrote, a line a row.
    fn explained(lines: Option<&pg::ResultSet>) -> Self {
        let mut text = Vec::new();
        for row in lines.into_iter().flat_map(|set| &set.rows) {
            text.extend_from_slice(row.get(0).map_or(&b""[..], |line| line));
            text.push(b'\n');
        }
        Self {
            body: Some(text.into()),
            ..Self::default()
        }
    }

    fn read(
        results: &[pg::ResultSet],
        main: usize,
        estimate: Option<usize>,
        plan: &Plan,
        config: &Config,
    ) -> Result<Self, Error> {
        let missing = || Error::Internal("the main statement gave no row".to_owned());
        let row = results
            .get(main)
            .and_then(|set| set.rows.first())
            .ok_or_else(missing)?;
        let number = |at| row.text(at).and_then(|text| text.parse::<i64>().ok());
        let text = |at| row.text(at).map(str::to_owned);
        let mut result = Self {
            total: number(column::TOTAL),
            rows: number(column::ROWS).unwrap_or(0),
            body: row.get(column::BODY).map(|body| {
                if plan.chosen.format.is_bytes() {
                    unhex(body)
                } else {
                    body.clone()
                }
            }),
            headers: text(column::HEADERS),
            status: text(column::STATUS),
            inserted: number(column::INSERTED),
            key: row
                .text(column::KEY)
                .and_then(|text| serde_json::from_str(text).ok()),
        };
        let planned = estimate
            .and_then(|at| results.get(at)?.rows.first()?.text(0).map(str::to_owned))
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
            .and_then(|plan| plan.pointer("/0/Plan/Plan Rows")?.as_f64());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an estimate; out of range saturates"
        )]
        let planned = planned.map(|rows| rows as i64);
        result.settle_total(planned, plan, config);
        Ok(result)
    }

    fn settle_total(&mut self, planned: Option<i64>, plan: &Plan, config: &Config) {
        let Some(count) = plan.count else { return };
        self.total = match (&plan.kind, count) {
            (Kind::Read(_), Count::Planned) => planned,
            (Kind::Read(_), Count::Estimated) => {
                let cap = config.max_rows.and_then(|max| i64::try_from(max).ok());
                match (self.total, cap) {
                    (Some(exact), Some(cap)) if exact <= cap => Some(exact),
                    (exact, _) => exact.max(planned),
                }
            }
            // REST-GEN-09: without a window the page is everything.
            (Kind::Read(node), Count::Exact) if node.window == Window::default() => Some(self.rows),
            (Kind::Write(_) | Kind::Call(_), Count::Planned) => None,
            (Kind::Write(_), _) => Some(self.rows),
            _ => self.total,
        };
    }

    /// REST-MED-03, REST-PUT-02, REST-PRF-05.
    fn judge(&self, plan: &Plan) -> Result<(), Error> {
        let rows = u64::try_from(self.rows).unwrap_or(0);
        let (singular, max_affected) = match &plan.kind {
            Kind::Write(write) => {
                if matches!(write.change, Change::SingleUpsert { .. }) {
                    return if rows == 1 {
                        Ok(())
                    } else {
                        Err(Error::PutMismatch)
                    };
                }
                (true, write.max_affected)
            }
            Kind::Call(call) => (call.function.returns.set, call.max_affected),
            Kind::Read(_) | Kind::Root { .. } | Kind::Info { .. } => (true, None),
        };
        if let Some(most) = max_affected.filter(|most| rows > *most) {
            let _ = most;
            return Err(Error::MaxAffected(rows));
        }
        if singular && plan.chosen.format.is_singular() && rows != 1 {
            return Err(Error::NotSingular(rows));
        }
        Ok(())
    }
}

/// Whether the answer decides between commit and rollback.
fn must_be_judged(plan: &Plan) -> bool {
    match &plan.kind {
        Kind::Read(_) | Kind::Root { .. } | Kind::Info { .. } => false,
        Kind::Write(write) => {
            plan.chosen.format.is_singular()
                || write.max_affected.is_some()
                || matches!(write.change, Change::SingleUpsert { .. })
        }
        Kind::Call(call) => {
            !call.read_only && (plan.chosen.format.is_singular() || call.max_affected.is_some())
        }
    }
}

/// The bytes behind `\x…`.
fn unhex(text: &[u8]) -> Bytes {
    let digits = text.strip_prefix(b"\\x").unwrap_or(text);
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap_or(0))
        .collect()
}
