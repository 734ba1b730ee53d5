//! Following a path.

use regex_automata::Input;
use serde_json::Value;

use super::{Comparison, Operand, Query, Selector, Step, Test};

pub(super) fn first(steps: &[Step], root: &Value) -> Option<Value> {
    follow(steps, root, root)
        .first()
        .map(|found| (*found).clone())
}

fn follow<'v>(steps: &[Step], from: &'v Value, root: &'v Value) -> Vec<&'v Value> {
    let mut nodes = vec![from];
    for step in steps {
        let mut next = Vec::new();
        for node in nodes {
            match step {
                Step::Select(selectors) => select(selectors, node, root, &mut next),
                Step::Descend(selectors) => descend(selectors, node, root, &mut next),
            }
        }
        nodes = next;
    }
    nodes
}

fn descend<'v>(
    selectors: &[Selector],
    node: &'v Value,
    root: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    select(selectors, node, root, found);
    for child in children(node) {
        descend(selectors, child, root, found);
    }
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Object(members) => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn select<'v>(
    selectors: &[Selector],
    node: &'v Value,
    root: &'v Value,
    found: &mut Vec<&'v Value>,
) {
    for selector in selectors {
        match selector {
            Selector::Member(name) => found.extend(node.get(name.as_str())),
            Selector::Index(index) => {
                let items = node.as_array();
                found.extend(items.and_then(|items| items.get(position(*index, items.len())?)));
            }
            Selector::All => found.extend(children(node)),
            Selector::Slice { start, end, step } => {
                let items = node.as_array().map_or(&[][..], Vec::as_slice);
                found.extend(slice(items, *start, *end, *step));
            }
            Selector::Where(test) => {
                found.extend(
                    children(node)
                        .into_iter()
                        .filter(|child| holds(test, child, root)),
                );
            }
        }
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

/// RFC 9535, 2.3.4.
fn slice(items: &[Value], start: Option<i64>, end: Option<i64>, step: i64) -> Vec<&Value> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let normal = |index: i64| {
        if index < 0 {
            index.saturating_add(length)
        } else {
            index
        }
    };
    let mut chosen = Vec::new();
    if step > 0 {
        let mut at = start.map_or(0, normal).clamp(0, length);
        let end = end.map_or(length, normal).clamp(0, length);
        while at < end {
            chosen.push(at);
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at = start.map_or(length - 1, normal).clamp(-1, length - 1);
        let end = end.map_or(-1, normal).clamp(-1, length - 1);
        while at > end {
            chosen.push(at);
            at = at.saturating_add(step);
        }
    }
    chosen
        .into_iter()
        .filter_map(|at| items.get(usize::try_from(at).ok()?))
        .collect()
}

fn holds(test: &Test, current: &Value, root: &Value) -> bool {
    match test {
        Test::Any(tests) => tests.iter().any(|test| holds(test, current, root)),
        Test::All(tests) => tests.iter().all(|test| holds(test, current, root)),
        Test::Not(test) => !holds(test, current, root),
        Test::Exists(query) => !nodes(query, current, root).is_empty(),
        Test::Compare(left, comparison, right) => compare(
            value(left, current, root),
            *comparison,
            value(right, current, root),
        ),
        Test::Search(operand, pattern) => value(operand, current, root)
            .and_then(Value::as_str)
            .is_some_and(|text| pattern.is_match(Input::new(text))),
    }
}

fn nodes<'v>(query: &Query, current: &'v Value, root: &'v Value) -> Vec<&'v Value> {
    let from = if query.from_root { root } else { current };
    follow(&query.steps, from, root)
}

/// What is compared; a query that finds nothing is nothing.
fn value<'v>(operand: &'v Operand, current: &'v Value, root: &'v Value) -> Option<&'v Value> {
    match operand {
        Operand::Literal(literal) => Some(literal),
        Operand::Query(query) => nodes(query, current, root).first().copied(),
    }
}

fn compare(left: Option<&Value>, comparison: Comparison, right: Option<&Value>) -> bool {
    let texts = || Some((left?.as_str()?, right?.as_str()?));
    let order = || match (left?, right?) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        _ => None,
    };
    let equal = || left == right || order().is_some_and(std::cmp::Ordering::is_eq);
    match comparison {
        Comparison::Equal => equal(),
        Comparison::NotEqual => !equal(),
        Comparison::Less => order().is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessEqual => equal() || order().is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order().is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterEqual => equal() || order().is_some_and(std::cmp::Ordering::is_ge),
        Comparison::StartsWith => texts().is_some_and(|(text, start)| text.starts_with(start)),
        Comparison::EndsWith => texts().is_some_and(|(text, end)| text.ends_with(end)),
        Comparison::Contains => texts().is_some_and(|(text, part)| text.contains(part)),
    }
}
