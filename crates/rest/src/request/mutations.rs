//! The URL grammar and the body decoders under mutation, in the manner of a fuzzer: good inputs are cut, repeated,
//! spliced and sprinkled with what breaks parsers, and what must always hold is looked at. How many:
//! `PROPTEST_CASES=1000000 cargo test -p rest --lib mutations` runs for as long as one likes.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample;
use serde_json::Value;

use super::media::BodyType;
use super::payload::{self, PayloadShape, Purpose};
use super::query_string::{Arguments, canonical, pairs, parse};
use super::syntax::{Logic, QueryParams, SelectItem};
use super::values::Values;
use crate::error::Error;

/// Good query strings of every kind.
const QUERIES: [&str; 14] = [
    "select=id,name,orders(id,total)&id=eq.1&order=id.desc.nullslast&limit=3&offset=1",
    "select=*,...customers!inner(who:name,n:meta->>n::int)&customers.name=like.*a*",
    "select=total::int.sum()::text,count(),a:b->c->>0.max()&orders.limit=1",
    "or=(id.eq.1,and(name.like.%22a,b%22,not.or(x.is.null,y.in.(1,2,%22c,d%22))))",
    "not.and=(a.gt.1,b.cs.{1,2})&orders.not.or=(c.fts(english).cat)",
    "id=in.(1,2,%22a%5C%22b%22)&name=not.ilike(any).{*a*,b}&tags=ov.{a,b}",
    "meta->a->>b=eq.x&meta->%22odd%20key%22=is.not_null&a.b.c->0=gte.3",
    "order=a.asc,b->>c.desc,rel(d).nullsfirst&rel.order=x",
    "columns=%22a%22,b&on_conflict=c,%22d%20e%22",
    "select=a:b!hint!left(c(d(e(f()))))&a.c.d.order=e(x)",
    "body=wfts(simple).the%20cat&during=adj.[1,10)&ip=isdistinct.1",
    "%C3%A9=eq.%F0%9F%92%A9&%22we%5C%22ird%22=neq.a+b",
    "a=1&b=text&v=x&v=y&select=&limit=x&offset=-1",
    "data->-1->>--1=eq.1&x=match.%5Ea;y=eq.2",
];

const BODIES: [&str; 10] = [
    r#"{"a":1,"b":[{"c":null}],"d":"\u00e9\"\\"}"#,
    r#"[{"a":1,"b":2},{"b":"x","a":null}]"#,
    r#"[{"a":1},{"a":2,"b":3}]"#,
    r#"[{"\u0061":1},{"a":2}]"#,
    "[[1],{},null]",
    "a,b\n1,2\n\"x,\"\"y\",NULL\r\n",
    "\u{feff}id,name\r\n1,\"two\nlines\"",
    "a=1&b=%20x&c",
    "\"text\"",
    " [ ] ",
];

/// What breaks parsers.
const TOKENS: [&str; 36] = [
    "(", ")", ",", ".", ":", "::", "!", "*", "\"", "'", "\\", "->", "->>", "-", "%", "%00", "%ff",
    "%2", "&", "=", ";", "+", "{", "}", "[", "]", "not.", "and(", "or(", "...", "inner", "null",
    "\u{0}", "\u{feff}", "é", "\n",
];

#[derive(Debug, Clone)]
enum Mutation {
    Cut {
        at: usize,
        length: usize,
    },
    Repeat {
        at: usize,
        length: usize,
        times: usize,
    },
    Insert {
        at: usize,
        token: &'static str,
    },
    Splice {
        at: usize,
        other: usize,
        from: usize,
        length: usize,
    },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..400_usize;
    prop_oneof![
        2 => (at.clone(), 1..8_usize).prop_map(|(at, length)| Mutation::Cut { at, length }),
        1 => (at.clone(), 1..12_usize, sample::select([2, 3, 90, 300].as_slice()))
            .prop_map(|(at, length, times)| Mutation::Repeat { at, length, times }),
        4 => (at.clone(), sample::select(TOKENS.as_slice()))
            .prop_map(|(at, token)| Mutation::Insert { at, token }),
        1 => (at.clone(), 0..32_usize, at, 1..30_usize)
            .prop_map(|(at, other, from, length)| Mutation::Splice { at, other, from, length }),
    ]
}

fn mutated(corpus: &[&str], seed: usize, mutations: &[Mutation]) -> String {
    let mut text: Vec<char> = corpus[seed % corpus.len()].chars().collect();
    for mutation in mutations {
        let place = |at: usize, length: usize| at % (length + 1);
        match mutation {
            Mutation::Cut { at, length } => {
                let at = place(*at, text.len());
                text.drain(at..(at + length).min(text.len()));
            }
            Mutation::Repeat { at, length, times } => {
                let at = place(*at, text.len());
                let end = (at + length).min(text.len());
                let piece = text[at..end].repeat(*times);
                text.splice(at..at, piece);
            }
            Mutation::Insert { at, token } => {
                let at = place(*at, text.len());
                text.splice(at..at, token.chars());
            }
            Mutation::Splice {
                at,
                other,
                from,
                length,
            } => {
                let at = place(*at, text.len());
                let other: Vec<char> = corpus[other % corpus.len()].chars().collect();
                let from = place(*from, other.len());
                let end = (from + length).min(other.len());
                text.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    text.into_iter().collect()
}

fn depth_of(select: &[SelectItem]) -> usize {
    select
        .iter()
        .map(|item| match item {
            SelectItem::Embed(embed) => 1 + depth_of(&embed.select),
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}

fn depth_of_logic(logic: &Logic) -> usize {
    match logic {
        Logic::Filter(_) => 0,
        Logic::Group { members, .. } => 1 + members.iter().map(depth_of_logic).max().unwrap_or(0),
    }
}

fn read(query: &str, arguments: Arguments) -> (Result<QueryParams, Error>, Values) {
    let mut values = Values::default();
    let params = parse(&pairs(query), arguments, Some(1000), &mut values);
    (params.map(|(params, _)| params), values)
}

/// What must hold of any query string.
fn judge_query(query: &str) -> Result<(), TestCaseError> {
    let canonical_form = canonical(&pairs(query));
    prop_assert!(
        canonical_form.is_ascii() && !canonical_form.contains(['"', '<', ' ', '\n', '\0']),
        "{canonical_form:?} is no query string"
    );
    for arguments in [Arguments::Allowed, Arguments::Refused] {
        let (params, values) = read(query, arguments);
        match params {
            Ok(params) => {
                // Deep nesting would become deep recursion later on.
                prop_assert!(depth_of(&params.select) <= 65);
                let deepest = params
                    .logic
                    .iter()
                    .map(|(_, logic)| depth_of_logic(logic))
                    .max();
                prop_assert!(deepest.unwrap_or(0) <= 66);
                let (again, same_values) = read(query, arguments);
                prop_assert_eq!(again.ok(), Some(params), "the same text, another shape");
                prop_assert_eq!(same_values, values);
            }
            Err(error) => {
                prop_assert_eq!((error.status(), error.code()), (400, "PGRST100"));
                let Error::Syntax { text, column, .. } = &error else {
                    return Err(TestCaseError::fail(format!("{error:?}")));
                };
                // The column lies in the text, or right behind it; `not.and` may stand before it.
                prop_assert!(
                    (1..=text.chars().count() + 1 + 7).contains(column),
                    "{error:?}"
                );
            }
        }
    }
    Ok(())
}

/// The keys of a JSON body, the plain way.
fn plain_keys(body: &str) -> Option<Result<PayloadShape, ()>> {
    let value: Value = serde_json::from_str(body).ok()?;
    let keys = |value: &Value| -> Option<Vec<String>> {
        let mut keys: Vec<String> = value.as_object()?.keys().cloned().collect();
        keys.sort();
        Some(keys)
    };
    Some(match &value {
        Value::Object(_) => Ok(PayloadShape::Json {
            array: false,
            keys: keys(&value)?,
        }),
        Value::Array(items) => {
            let all: Option<Vec<Vec<String>>> = items.iter().map(keys).collect();
            match all {
                Some(all) if all.windows(2).all(|pair| pair[0] == pair[1]) => {
                    Ok(PayloadShape::Json {
                        array: true,
                        keys: all.into_iter().next().unwrap_or_default(),
                    })
                }
                _ => Err(()),
            }
        }
        _ => Ok(PayloadShape::Json {
            array: true,
            keys: Vec::new(),
        }),
    })
}

/// What must hold of any body.
fn judge_body(body: &str) -> Result<(), TestCaseError> {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let read = |kind: &BodyType| payload::read(bytes.clone(), kind, Purpose::Write, None);
    // A number too large for the plain way is PostgreSQL's to judge.
    let too_large = serde_json::from_str::<Value>(body)
        .is_err_and(|error| error.to_string().starts_with("number out of range"));
    match (read(&BodyType::Json), plain_keys(body)) {
        _ if too_large => {}
        (Ok((shape, _)), Some(Ok(plain))) => prop_assert_eq!(shape, plain),
        (Err(error), Some(Err(()))) => {
            prop_assert_eq!(error.message(), "All object keys must match");
        }
        (Err(error), None) => prop_assert_eq!(error.message(), "Empty or invalid json"),
        (found, plain) => {
            return Err(TestCaseError::fail(format!("{found:?}, but {plain:?}")));
        }
    }
    for kind in [BodyType::Csv, BodyType::Form] {
        match read(&kind) {
            Ok((PayloadShape::Json { array, keys }, json)) => {
                prop_assert_eq!(array, kind == BodyType::Csv);
                let value: Value = serde_json::from_slice(&json)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?;
                let rows = value
                    .as_array()
                    .map_or(std::slice::from_ref(&value), Vec::as_slice);
                for row in rows {
                    let mut own: Vec<&String> = row
                        .as_object()
                        .into_iter()
                        .flat_map(|row| row.keys())
                        .collect();
                    own.sort();
                    prop_assert!(own.iter().copied().eq(keys.iter()), "{row}: {keys:?}");
                }
            }
            Ok(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
            Err(error) => prop_assert_eq!((error.status(), error.code()), (400, "PGRST102")),
        }
    }
    Ok(())
}

/// A cell as RFC 4180 writes it.
fn cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) || text == "NULL" {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

proptest! {
    // REST-GEN-04, REST-URL-01, REST-URL-08
    #[test]
    fn any_query_string_is_understood_or_refused(
        seed in 0..64_usize,
        mutations in prop::collection::vec(mutation(), 0..8),
    ) {
        judge_query(&mutated(&QUERIES, seed, &mutations))?;
    }

    // REST-GEN-04, REST-PAY-01, REST-PAY-02, REST-PAY-03, REST-PAY-07
    #[test]
    fn any_body_is_understood_or_refused(
        seed in 0..64_usize,
        mutations in prop::collection::vec(mutation(), 0..8),
    ) {
        judge_body(&mutated(&BODIES, seed, &mutations))?;
    }

    // REST-PAY-07: what a CSV writer wrote is what is read.
    #[test]
    fn csv_is_read_as_it_was_written(
        // Of more than one column: a line of one empty cell cannot be told from no line.
        table in (2..4_usize).prop_flat_map(|width| prop::collection::vec(
            prop::collection::vec("[ab,\"\n é]{0,4}", width),
            1..5,
        )),
        newline in sample::select(["\n", "\r\n"].as_slice()),
    ) {
        let width = table[0].len();
        let header: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
        let lines: Vec<String> = std::iter::once(&header)
            .chain(&table)
            .map(|line| line.iter().map(|text| cell(text)).collect::<Vec<_>>().join(","))
            .collect();
        let text = lines.join(newline);
        let (_, json) = payload::read(text.into(), &BodyType::Csv, Purpose::Write, None)
            .map_err(|error| TestCaseError::fail(error.message()))?;
        let expected: Vec<Value> = table
            .iter()
            .map(|line| header.iter().cloned().zip(line.iter().map(|text| Value::from(text.as_str()))).collect())
            .collect();
        let found: Value = serde_json::from_slice(&json).expect("JSON of our own");
        prop_assert_eq!(found, Value::Array(expected));
    }

    // REST-GEN-09: requests that differ in values alone have one shape, and so one plan and one statement.
    #[test]
    fn values_are_no_part_of_the_shape(one in "[a-z0-9 ,\"%]{0,9}", other in "[a-z0-9 ,\"%]{0,9}", operator in sample::select(["eq", "not.gt", "like", "cs", "eq(any)", "fts(english)", "isdistinct"].as_slice())) {
        let encode = |text: &str| super::query_string::encode(text).to_string();
        let query = |value: &str| format!("id={operator}.{0}&or=(a.{operator}.%22{1}%22)&x=in.({0})&limit=1", encode(value), encode(&value.replace('"', "")));
        let shape = |value: &str| read(&query(value), Arguments::Refused).0.ok();
        let (one, other) = (shape(&one), shape(&other));
        if one.is_some() && other.is_some() {
            prop_assert_eq!(one, other);
        }
    }
}
