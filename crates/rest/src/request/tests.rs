//! The grammar: one check each, many small cases.

use super::filter::operation;
use super::media::{MediaType, Nulls, accept};
use super::order::order;
use super::payload::{PayloadShape, Purpose};
use super::prefer::{Count, Preferences};
use super::query_string::{Arguments, canonical, pairs, parse};
use super::range::RootRange;
use super::select::{names, select};
use super::syntax::{Operator, SelectItem, Test};
use super::values::{Values, array_literal};
use super::{media, payload};
use crate::error::Error;

/// Operator and value of a filter.
fn check_filter(text: &str, negated: bool, operator: Operator, value: &str) {
    let mut values = Values::default();
    let (found_negated, test) =
        operation(text, &mut values).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let Test::Compare {
        operator: found,
        value: id,
        ..
    } = test
    else {
        panic!("{text}: {test:?}")
    };
    assert_eq!(
        (found_negated, found, values.text(id)),
        (negated, operator, value),
        "{text}"
    );
}

fn check_list(text: &str, literal: &str) {
    let mut values = Values::default();
    match operation(text, &mut values).unwrap_or_else(|e| panic!("{text}: {e:?}")) {
        (_, Test::In { list }) => assert_eq!(values.text(list), literal, "{text}"),
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(text: &str) {
    assert!(operation(text, &mut Values::default()).is_err(), "{text}");
}

// REST-FLT-01, REST-FLT-02, REST-FLT-04
#[test]
fn a_value_is_taken_literally() {
    check_filter("eq.5", false, Operator::Equal, "5");
    check_filter("eq.", false, Operator::Equal, "");
    check_filter("eq.eq.5", false, Operator::Equal, "eq.5");
    check_filter("eq.a,b)\"c", false, Operator::Equal, "a,b)\"c");
    check_filter("not.gte.1", true, Operator::GreaterEqual, "1");
    check_filter("like.*x*", false, Operator::Like, "%x%");
    check_filter("match.a*", false, Operator::Match, "a*");
    for wrong in [
        "",
        "5",
        "EQ.5",
        "eq",
        "not.not.eq.1",
        "eq5",
        "is.nope",
        "in.1",
        "eq().1",
        "cs(any).{}",
        "fts().x",
    ] {
        refused(wrong);
    }
}

// REST-FLT-06, REST-FLT-07
#[test]
fn elements_of_a_list_are_quoted_or_raw() {
    check_list("in.(1,2)", r#"{"1","2"}"#);
    check_list("in.()", "{}");
    check_list("in.( )", "{}");
    check_list("in.( ,3)", r#"{"","3"}"#);
    check_list(r#"in.("a,b","c\"d\\")"#, r#"{"a,b","c\"d\\"}"#);
    check_list(r#"in.(a"b,c\d, e)"#, r#"{"a\"b","c\\d"," e"}"#);
}

// REST-GEN-04
#[test]
fn an_array_element_ends_at_a_nul() {
    assert_eq!(array_literal(["a\0b", "c"]), r#"{"a","c"}"#);
}

// REST-SEL-01, REST-SEL-03, REST-SEL-08, REST-JSP-02, REST-URL-06
#[test]
fn select_knows_what_is_an_item() {
    for good in [
        "",
        "*",
        " a , b ",
        "x:a::text",
        "a->b->>0::int",
        "a->78-b",
        "o:orders!inner!hint(*,items(qty))",
        "orders()",
        "...customers(name)",
        "\"we, ird\":\"na.me\"",
        "a-b",
        "count()",
        "a.sum()::int",
        "größe",
    ] {
        assert!(select(good).is_ok(), "{good}");
    }
    for bad in [
        "a,",
        ",a",
        "a b(",
        "a::",
        "a->",
        "orders(",
        "orders(*))",
        "...a",
        "a!b",
        "a::int[]",
        "a::varchar(3)",
    ] {
        assert!(select(bad).is_err(), "{bad}");
    }
    let nested = format!("{}*{}", "a(".repeat(500), ")".repeat(500));
    assert!(
        select(&nested).is_err(),
        "deep nesting is refused, not a crash"
    );
    assert!(
        matches!(select("a:b::c").unwrap().as_slice(), [SelectItem::Field { alias: Some(a), cast: Some(c), .. }] if a == "a" && c == "c")
    );
}

// REST-SRT-01, REST-SRT-02, REST-CLI-01
#[test]
fn orders_and_names_are_lists() {
    for good in [
        "a",
        "a.desc",
        "a.nullslast",
        "a.asc.nullsfirst , b",
        "meta->>x.desc",
        "rel(a).desc",
    ] {
        assert!(order(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a.",
        "a.up",
        "a.desc.nulls",
        "rel(a",
        "a.nullslast.desc",
    ] {
        assert!(order(bad).is_err(), "{bad}");
    }
    assert_eq!(names(r#""a","b c""#).unwrap(), ["a", "b c"]);
}

// REST-URL-01 to REST-URL-05, REST-RPC-03
#[test]
fn parameters_are_sorted_by_what_they_are() {
    let read = |query: &str, arguments| {
        let mut values = Values::default();
        parse(&pairs(query), arguments, Some(1000), &mut values)
    };
    let (params, root) = read(
        "select=id&id=eq.1&orders.status=eq.a+b%26&orders.limit=3&limit=2&limit=5&order=id&order=x&a.not.or=(b.eq.1)&order_no=eq.1&nothing",
        Arguments::Refused,
    )
    .unwrap();
    assert_eq!(root.limit, Some(5));
    assert_eq!(params.orders.len(), 1);
    assert_eq!(params.filters.len(), 3);
    assert_eq!(params.filters[1].0, ["orders"]);
    assert_eq!(params.logic[0].0, ["a"]);
    assert_eq!(params.windows.len(), 1);
    let (params, _) = read("id=5&x=eq.5", Arguments::Allowed).unwrap();
    assert_eq!((params.arguments.len(), params.filters.len()), (1, 1));
    assert!(read("id=is.5", Arguments::Allowed).is_err());
    let deep = format!("or={}a.eq.1{}", "(and".repeat(500), ")".repeat(500));
    assert!(read(&deep, Arguments::Refused).is_err());
    assert_eq!(
        canonical(&pairs("b=eq.1&a=eq.1&b=x&c")),
        "a=eq.1&b=eq.1,x&c="
    );
}

// REST-RNG-01 to REST-RNG-04, REST-RNG-10
#[test]
fn ranges_are_intersected_and_capped() {
    let check = |window: (Option<i64>, Option<i64>),
                 header: &str,
                 cap,
                 expected: Result<(i64, Option<i64>), &str>| {
        let mut request = http::Request::get("/");
        if !header.is_empty() {
            request = request.header("range", header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let window = super::query_string::RootWindow {
            limit: window.0,
            offset: window.1,
        };
        let found =
            RootRange::resolve(window, &parts, cap).map(|range| (range.offset, range.limit));
        assert_eq!(
            found.map_err(|e| e.code().to_owned()),
            expected.map_err(str::to_owned),
            "{window:?} {header}"
        );
    };
    check((None, None), "", None, Ok((0, None)));
    check((Some(5), Some(2)), "", Some(3), Ok((2, Some(3))));
    check((None, None), "0-9", None, Ok((0, Some(10))));
    check((None, None), "5-", None, Ok((5, None)));
    check((None, None), "1-2,4-5", None, Ok((0, None)));
    check((Some(2), None), "1-9", None, Ok((1, Some(1))));
    check((Some(0), None), "", None, Ok((0, Some(0))));
    check((None, Some(-1)), "", None, Ok((0, None)));
    check((Some(-1), None), "", None, Err("PGRST103"));
    check((None, None), "5-2", None, Err("PGRST103"));
    check((Some(2), None), "5-9", None, Err("PGRST103"));
}

// REST-MED-01
#[test]
fn accept_is_ranked() {
    let check = |text: &str, expected: &[MediaType]| {
        let mut headers = http::HeaderMap::new();
        headers.insert("accept", text.parse().unwrap());
        assert_eq!(accept(&headers), expected, "{text}");
    };
    check("*/*, text/csv", &[MediaType::Csv, MediaType::Any]);
    check(
        "application/json;q=0.5, text/csv;q=0.9",
        &[MediaType::Csv, MediaType::Json],
    );
    check(
        "application/vnd.pgrst.object+json;nulls=stripped",
        &[MediaType::Singular(Nulls::Stripped)],
    );
    assert_eq!(accept(&http::HeaderMap::new()), [MediaType::Any]);
}

// REST-PRF-01, REST-PRF-02, REST-CLI-02
#[test]
fn the_first_preference_of_a_kind_wins() {
    let mut headers = http::HeaderMap::new();
    headers.append(
        "prefer",
        "count=exact, count=planned , nonsense=1".parse().unwrap(),
    );
    headers.append("prefer", "tx=rollback,return=minimal".parse().unwrap());
    let prefer = Preferences::parse(&headers, settings::TxEnd::Commit);
    assert_eq!(prefer.count, Some(Count::Exact));
    assert_eq!(prefer.tx, None, "not honoured, yet not unknown");
    assert_eq!(prefer.unknown, ["nonsense=1"]);
}

// REST-PAY-01 to REST-PAY-03, REST-PAY-07
#[test]
fn bodies_are_read_for_their_keys() {
    let read = |body: &str, kind: media::BodyType, purpose| {
        payload::read(body.to_owned().into(), &kind, purpose, None).map(|(shape, _)| shape)
    };
    let json = |body: &str| read(body, media::BodyType::Json, Purpose::Write);
    let shape = |array, keys: &[&str]| PayloadShape::Json {
        array,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    assert_eq!(
        json(r#"{"b":1,"a":[{}],"b":2}"#).unwrap(),
        shape(false, &["a", "b"])
    );
    assert_eq!(
        json(r#"[{"a":1,"b":2},{"b":1,"a\u0000":1}]"#)
            .map_err(|e| e.message())
            .unwrap_err(),
        "All object keys must match"
    );
    assert_eq!(
        json(r#" [{"a":1,"b":2},{"b":1,"\u0061":1}] "#).unwrap(),
        shape(true, &["a", "b"])
    );
    assert_eq!(json("3").unwrap(), shape(true, &[]));
    for broken in ["", "{", "[1,", "{}x", "{\"a\"}", &"[".repeat(10_000)] {
        assert_eq!(json(broken).unwrap_err().code(), "PGRST102", "{broken:.20}");
    }
    assert_eq!(
        read("", media::BodyType::Json, Purpose::Call).unwrap(),
        shape(false, &[])
    );
    assert!(
        matches!(read("a,b\n1", media::BodyType::Csv, Purpose::Write), Err(Error::Body(text)) if text.starts_with("All lines"))
    );
    assert_eq!(
        read("a=1&b=2", media::BodyType::Form, Purpose::Call).unwrap(),
        shape(false, &["a", "b"])
    );
}

proptest::proptest! {
    // REST-GEN-04: whatever is asked, the answer is a request or an error of the table.
    #[test]
    fn no_query_string_is_too_much(query in "[-a-z0-9.,:()!*\"'{}%&=><\\\\ é\u{0}]{0,60}", body in ".{0,40}") {
        let mut values = Values::default();
        for arguments in [Arguments::Allowed, Arguments::Refused] {
            for prefix in ["select=", "order=", "or=(", "id=", "id=in.(", "columns=", "on_conflict=", ""] {
                let text = format!("{prefix}{query}");
                if let Err(error) = parse(&pairs(&text), arguments, None, &mut values) {
                    proptest::prop_assert_eq!(error.status(), 400);
                }
            }
        }
        for kind in [media::BodyType::Json, media::BodyType::Csv, media::BodyType::Form] {
            if let Err(error) = payload::read(body.clone().into(), &kind, Purpose::Write, None) {
                proptest::prop_assert_eq!(error.code(), "PGRST102");
            }
        }
    }
}
