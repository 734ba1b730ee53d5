//! What is asked: seven kinds of requests, and the values that each puts into its statement.

use std::fmt::Write as _;

use super::Caller;
use crate::bench::load::Request;

/// Different requests of one kind that are asked in turn.
const VARIANTS: u64 = 256;
const BULK_ROWS: u32 = 1_000;
/// Rows that an answer has at most, as the stack is set; it is a parameter of every read.
const MAX_ROWS: &str = "1000";

/// A parameter of the main statement, as pgbench fills it.
#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Text(String),
    /// A number from one to this.
    UpTo(u64),
    /// The same number as the parameter before.
    Same,
}

/// One kind of request.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) name: &'static str,
    /// Asked in turn.
    pub(super) requests: Vec<Request>,
    /// A good answer holds this so many times.
    pub(super) proof: (&'static str, usize),
    /// Of the main statement, in order.
    pub(super) parameters: Vec<Parameter>,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Statement to run before each measurement.
    pub(super) before: Option<&'static str>,
    /// Whether the transaction is read only.
    pub(super) reads: bool,
}

/// All seven, asked below `prefix` (`/rest/v1`, or nothing for a service without a gateway).
pub(super) fn all(caller: &Caller, prefix: &str) -> Vec<Work> {
    vec![
        by_key(caller, prefix),
        ten_rows(caller, prefix),
        embed(caller, prefix),
        insert(caller, prefix),
        bulk(caller, prefix),
        call(caller, prefix),
        count(caller, prefix),
    ]
}

fn reading(name: &'static str, path: &'static str, proof: (&'static str, usize)) -> Work {
    Work {
        name,
        requests: Vec::new(),
        proof,
        parameters: Vec::new(),
        method: "GET",
        path,
        before: None,
        reads: true,
    }
}

fn writing(name: &'static str, path: &'static str) -> Work {
    Work {
        method: "POST",
        before: Some("truncate public.bench_notes"),
        reads: false,
        ..reading(name, path, ("", 0))
    }
}

/// So many keys, spread over `1..=most`.
fn keys(most: u64) -> impl Iterator<Item = u64> {
    (0..VARIANTS).map(move |n| 1 + n * 7_919 % most)
}

fn text(value: &str) -> Parameter {
    Parameter::Text(value.to_owned())
}

fn by_key(caller: &Caller, prefix: &str) -> Work {
    let get = |id| {
        let path = format!("{prefix}/bench_items?select=id,what&id=eq.{id}");
        Request::get(&path, &caller.headers())
    };
    Work {
        requests: keys(200_000).map(get).collect(),
        parameters: vec![Parameter::UpTo(200_000), text(MAX_ROWS)],
        ..reading("read by key", "/bench_items", ("\"id\"", 1))
    }
}

/// Ten of a hundred thousand rows: those that the policy shows.
pub(super) fn ten_rows(caller: &Caller, prefix: &str) -> Work {
    let path = format!("{prefix}/bench?select=id,body");
    Work {
        requests: vec![Request::get(&path, &caller.headers())],
        parameters: vec![text(MAX_ROWS)],
        ..reading("ten rows under row security", "/bench", ("\"id\"", 10))
    }
}

fn embed(caller: &Caller, prefix: &str) -> Work {
    let get = |id| {
        let path = format!(
            "{prefix}/bench_customers?select=id,name,orders:bench_orders(id,placed,items:bench_items(id,what))&id=eq.{id}"
        );
        Request::get(&path, &caller.headers())
    };
    Work {
        requests: keys(10_000).map(get).collect(),
        parameters: vec![Parameter::UpTo(10_000), text(MAX_ROWS)],
        ..reading("two-level embed", "/bench_customers", ("\"what\"", 20))
    }
}

fn insert(caller: &Caller, prefix: &str) -> Work {
    let body = r#"{"topic":7,"body":"a note of an ordinary length, as people write them"}"#;
    let path = format!("{prefix}/bench_notes");
    Work {
        requests: vec![Request::post(&path, &caller.headers(), body)],
        parameters: vec![text(body)],
        ..writing("single insert", "/bench_notes")
    }
}

fn bulk(caller: &Caller, prefix: &str) -> Work {
    let mut body = String::from("[");
    for row in 0..BULK_ROWS {
        let comma = if row == 0 { "" } else { "," };
        let _ = write!(
            body,
            "{comma}{{\"topic\":{row},\"body\":\"note number {row}\"}}"
        );
    }
    body.push(']');
    let path = format!("{prefix}/bench_notes");
    Work {
        requests: vec![Request::post(&path, &caller.headers(), &body)],
        parameters: vec![text(&body)],
        ..writing("bulk insert of 1,000 rows", "/bench_notes")
    }
}

fn call(caller: &Caller, prefix: &str) -> Work {
    let body = r#"{"a":20,"b":22}"#;
    let path = format!("{prefix}/rpc/bench_add");
    Work {
        requests: vec![Request::post(&path, &caller.headers(), body)],
        proof: ("42", 1),
        parameters: vec![text(body)],
        before: None,
        ..writing("function call", "/rpc/bench_add")
    }
}

fn count(caller: &Caller, prefix: &str) -> Work {
    let mut headers = caller.headers();
    headers.push(("prefer", "count=exact"));
    let get = |most: u64| {
        let path = format!("{prefix}/bench_items?select=id&id=lte.{most}&limit=10");
        Request::get(&path, &headers)
    };
    Work {
        requests: keys(1_000).map(get).collect(),
        parameters: vec![Parameter::UpTo(1_000), Parameter::Same, text("10")],
        ..reading(
            "exact count of up to 1,000 rows",
            "/bench_items",
            ("\"id\"", 1),
        )
    }
}
