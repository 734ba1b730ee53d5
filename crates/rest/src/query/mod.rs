//! Plans as SQL: text and where its parameters come from. Still no connection.

mod call;
mod condition;
mod link;
mod list;
mod node;
mod shell;
mod transaction;
mod write;

use std::sync::Arc;

use pg::Statement;
use sql::Fragment;

use crate::config::Config;
use crate::plan::{Kind, Plan};
use crate::request::ApiRequest;
use crate::request::prefer::Count;
use crate::request::values::{ValueId, array_literal};
pub(crate) use transaction::Transaction;

/// Where a parameter's value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Value(ValueId),
    /// All of them, as an array.
    List(Vec<ValueId>),
    Body,
    /// The request's schema.
    Schema,
}

/// SQL whose values are still missing.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    sql: Arc<str>,
    slots: Vec<Slot>,
}

impl Template {
    fn fill(&self, request: &ApiRequest) -> Statement {
        let params = self
            .slots
            .iter()
            .map(|slot| {
                Some(match slot {
                    Slot::Value(id) => request.values.get(*id).clone(),
                    Slot::List(ids) => {
                        array_literal(ids.iter().map(|id| request.values.text(*id))).into()
                    }
                    Slot::Body => request.body.clone(),
                    Slot::Schema => request.shape.schema.clone().into(),
                })
            })
            .collect();
        Statement {
            sql: Arc::clone(&self.sql),
            params,
        }
    }
}

/// The statements of a plan. The main one answers, in this order: total, rows on the page, body,
/// `response.headers`, `response.status`, rows really inserted, key of the only row.
#[derive(Debug)]
pub(crate) struct Query {
    main: Template,
    /// `EXPLAIN` of the count, where the planner's estimate is wanted.
    estimate: Option<Template>,
}

/// Position of each column of the main statement.
pub(crate) mod column {
    pub(crate) const TOTAL: usize = 0;
    pub(crate) const ROWS: usize = 1;
    pub(crate) const BODY: usize = 2;
    pub(crate) const HEADERS: usize = 3;
    pub(crate) const STATUS: usize = 4;
    pub(crate) const INSERTED: usize = 5;
    pub(crate) const KEY: usize = 6;
}

impl Query {
    /// Writes the SQL. `stamp` differs for catalogs that differ: a statement prepared before a column changed
    /// its type is not used after (REST-TXN-09).
    pub(crate) fn write(plan: &Plan, head: bool, config: &Config, stamp: u64) -> Option<Self> {
        let writer = || Writer {
            sql: Fragment::new(),
            slots: Vec::new(),
            aliases: 0,
            max_rows: config.max_rows,
            stamp,
        };
        let mut main = writer();
        let mut estimate = None;
        let explain = plan.chosen.explain.as_ref();
        if let Some(explain) = explain {
            main.explain(explain);
        }
        match &plan.kind {
            Kind::Info { .. } => return None,
            Kind::Root { narrowed } => return Some(Self::root(*narrowed)),
            Kind::Read(read) => {
                main.read(read, plan, head);
                if explain.is_none()
                    && matches!(plan.count, Some(Count::Planned | Count::Estimated))
                {
                    let mut explain = writer();
                    explain.explain_count(read);
                    estimate = Some(explain.finish());
                }
            }
            Kind::Write(write) => main.write(write, plan),
            Kind::Call(call) => main.call(call, plan, head),
        }
        Some(Self {
            main: main.finish(),
            estimate,
        })
    }

    /// What the description of the API has to ask.
    fn root(narrowed: bool) -> Self {
        let (sql, slots) = if narrowed {
            (include_str!("../sql/accessible.sql"), vec![Slot::Schema])
        } else {
            (include_str!("../sql/described.sql"), Vec::new())
        };
        Self {
            main: Template {
                sql: sql.into(),
                slots,
            },
            estimate: None,
        }
    }

    /// The statements with a request's values.
    pub(crate) fn statements(&self, request: &ApiRequest) -> (Statement, Option<Statement>) {
        (
            self.main.fill(request),
            self.estimate
                .as_ref()
                .map(|template| template.fill(request)),
        )
    }
}

/// Text and slots, growing together.
struct Writer {
    sql: Fragment,
    slots: Vec<Slot>,
    aliases: u32,
    max_rows: Option<u64>,
    stamp: u64,
}

impl Writer {
    fn push(&mut self, text: &'static str) -> &mut Self {
        self.sql.push(text);
        self
    }

    fn ident(&mut self, name: &str) -> &mut Self {
        self.sql.name(&sql::Ident::new(name));
        self
    }

    fn bind(&mut self, slot: Slot) -> &mut Self {
        self.sql.bind(None);
        self.slots.push(slot);
        self
    }

    /// Names between commas.
    fn idents<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> &mut Self {
        for (at, name) in names.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.ident(name);
        }
        self
    }

    fn finish(mut self) -> Template {
        // Only the low half: it is a mark, not a proof.
        let mark = i64::from(u32::try_from(self.stamp & 0xffff_ffff).unwrap_or_default());
        self.push(" /* ");
        self.sql.number(mark);
        self.push(" */");
        let (text, _) = self.sql.into_parts();
        Template {
            sql: text.into(),
            slots: self.slots,
        }
    }
}
