//! Where in a token's claims the role stands: a JSON path (REST-JWT-07).
//!
//! Of RFC 9535 all selectors and, of the functions, `search()`; of the older language without `$` its three
//! operators `^==` (starts with), `==^` (ends with) and `*==` (contains) as well.

mod find;
mod parse;

use regex_automata::meta::Regex;
use serde_json::{Map, Value};

/// A path, read once.
#[derive(Debug, Clone)]
pub(crate) struct RoleKey {
    steps: Vec<Step>,
    /// Written in the older language.
    pub(crate) is_old: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Select(Vec<Selector>),
    /// The same on every level below.
    Descend(Vec<Selector>),
}

#[derive(Debug, Clone)]
enum Selector {
    Member(String),
    Index(i64),
    All,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Where(Test),
}

#[derive(Debug, Clone)]
enum Test {
    Any(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
    Exists(Query),
    Compare(Operand, Comparison, Operand),
    Search(Operand, Box<Regex>),
}

#[derive(Debug, Clone)]
enum Operand {
    Literal(Value),
    Query(Query),
}

#[derive(Debug, Clone)]
struct Query {
    from_root: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    StartsWith,
    EndsWith,
    Contains,
}

impl RoleKey {
    /// Reads a path; the error is upstream's sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse::path(text.trim())
            .ok_or_else(|| format!("failed to parse role-claim-key value ({text})"))
    }

    /// The first value that the path leads to.
    pub(crate) fn find(&self, claims: &Map<String, Value>) -> Option<Value> {
        // What nearly everyone has.
        if let [Step::Select(selectors)] = self.steps.as_slice()
            && let [Selector::Member(name)] = selectors.as_slice()
        {
            return claims.get(name).cloned();
        }
        find::first(&self.steps, &Value::Object(claims.clone()))
    }
}

#[cfg(test)]
mod tests;
