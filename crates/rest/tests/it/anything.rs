//! Any request at all: an answer or an error of the table, never a 500 of ours, never SQL that does not parse.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest::{option, sample};
use serde_json::Value;

use crate::server::{Answer, Server};

const CASES: u32 = 3_000;

/// A request before it is encoded.
#[derive(Debug, Clone)]
struct Any {
    method: &'static str,
    path: String,
    parameters: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: String,
}

const RELATIONS: [&str; 16] = [
    "people",
    "teams",
    "badges",
    "friendships",
    "visits",
    "people_view",
    "team_list",
    "doubled",
    "customers",
    "orders",
    "order_items",
    "products",
    "paints",
    "walls",
    "Weird, na.me",
    "odd_columns",
];

const COLUMNS: [&str; 18] = [
    "id",
    "name",
    "team_id",
    "boss_id",
    "meta",
    "total",
    "status",
    "tags",
    "during",
    "color",
    "code",
    "person_id",
    "day",
    "placed_at",
    "shout",
    "mood",
    "pair",
    "list",
];

/// What a hostile or careless client puts where a name should be.
fn odd_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"; drop table people; --".to_owned()),
        Just("id) or (true".to_owned()),
        Just("a\"b".to_owned()),
        Just("select".to_owned()),
        Just("pgrst_source".to_owned()),
        Just("pgrst_scalar".to_owned()),
        Just("pg_sleep(1)".to_owned()),
        Just("x".repeat(70)),
        "\\PC{0,8}",
    ]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn column() -> impl Strategy<Value = String> {
    let known = sample::select(COLUMNS.as_slice());
    prop_oneof![
        24 => sample::select(["id", "name", "id", "name", "shout"].as_slice()).prop_map(str::to_owned),
        12 => known.clone().prop_map(str::to_owned),
        2 => (known, sample::select(["->a", "->>n", "->0", "->a->>b", "->>-1", "->\"x\\\"y\"", "->'"].as_slice()))
            .prop_map(|(name, path)| format!("{name}{path}")),
        1 => odd_name().prop_map(|name| quoted(&name)),
        1 => odd_name(),
    ]
}

fn relation() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => sample::select(["people", "teams", "badges", "visits"].as_slice()).prop_map(str::to_owned),
        6 => sample::select(RELATIONS.as_slice()).prop_map(str::to_owned),
        3 => sample::select(["members", "leader", "chief", "underlings", "boss_id", "customer_id", "people_team_id_fkey"].as_slice())
            .prop_map(str::to_owned),
        1 => odd_name(),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => sample::select(["1", "0", "-3", "Ann", "null", "{1,2}", "{a,b}", "[1,5)", "(1,2,\"a,b\")", "2024-01-01", "#FF0000", "{\"a\":1}", "()", "", "*a*", "true"].as_slice())
            .prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => Just("' or 1=1 --".to_owned()),
        1 => Just("a\0b".to_owned()),
    ]
}

fn operation() -> impl Strategy<Value = String> {
    let operator = sample::select(
        [
            "eq",
            "neq",
            "gt",
            "gte",
            "lt",
            "lte",
            "like",
            "ilike",
            "match",
            "imatch",
            "in",
            "is",
            "isdistinct",
            "cs",
            "cd",
            "ov",
            "sl",
            "sr",
            "nxr",
            "nxl",
            "adj",
            "fts",
            "plfts",
            "phfts(english)",
            "wfts(simple)",
            "eq(any)",
            "like(all)",
            "gt(any)",
            "nope",
            "EQ",
        ]
        .as_slice(),
    );
    (any::<bool>(), operator, value()).prop_map(|(negated, operator, value)| {
        let negation = if negated { "not." } else { "" };
        format!("{negation}{operator}.{value}")
    })
}

fn condition() -> impl Strategy<Value = String> {
    let leaf =
        (column(), operation()).prop_map(|(column, operation)| format!("{column}.{operation}"));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (
            sample::select(["and", "or", "not.and", "not.or"].as_slice()),
            prop::collection::vec(inner, 1..3),
        )
            .prop_map(|(junctor, members)| format!("{junctor}({})", members.join(",")))
    })
}

fn select() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        3 => Just("*".to_owned()),
        6 => column(),
        1 => (column(), column()).prop_map(|(alias, column)| format!("{alias}:{column}")),
        1 => (column(), sample::select(["text", "int", "jsonb", "_int4", "nope", "double precision"].as_slice()))
            .prop_map(|(column, cast)| format!("{column}::{cast}")),
        1 => (column(), sample::select(["sum", "avg", "min", "max", "count"].as_slice()))
            .prop_map(|(column, function)| format!("{column}.{function}()")),
        1 => Just("count()".to_owned()),
    ];
    let level = prop::collection::vec(item, 0..3).prop_map(|items| items.join(","));
    level.prop_recursive(3, 12, 3, |inner| {
        (
            inner.clone(),
            prop::collection::vec(
                (
                    sample::select(["", "...", "a:"].as_slice()),
                    relation(),
                    sample::select(
                        [
                            "",
                            "!inner",
                            "!left",
                            "!boss_id",
                            "!friendships_one_fkey",
                            "!inner!id",
                        ]
                        .as_slice(),
                    ),
                    inner,
                ),
                1..3,
            ),
        )
            .prop_map(|(level, embeds)| {
                let embeds = embeds
                    .into_iter()
                    .map(|(lead, name, hint, inner)| format!("{lead}{name}{hint}({inner})"));
                std::iter::once(level)
                    .filter(|level| !level.is_empty())
                    .chain(embeds)
                    .collect::<Vec<_>>()
                    .join(",")
            })
    })
}

fn order() -> impl Strategy<Value = String> {
    let term = (
        prop_oneof![
            5 => column(),
            1 => (relation(), column()).prop_map(|(relation, column)| format!("{relation}({column})")),
        ],
        sample::select(["", ".asc", ".desc", ".desc.nullslast", ".nullsfirst", ".up"].as_slice()),
    )
        .prop_map(|(column, suffix)| format!("{column}{suffix}"));
    prop::collection::vec(term, 1..3).prop_map(|terms| terms.join(","))
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let prefix = prop_oneof![
        20 => Just(String::new()),
        2 => relation().prop_map(|relation| format!("{relation}.")),
        1 => (relation(), relation()).prop_map(|(one, two)| format!("{one}.{two}.")),
    ];
    let plain = prop_oneof![
        8 => (column(), operation()),
        2 => (Just("or".to_owned()), condition().prop_map(|inner| format!("({inner})"))),
        1 => (Just("not.and".to_owned()), condition().prop_map(|inner| format!("({inner},{inner})"))),
        3 => (Just("order".to_owned()), order()),
        1 => (Just("limit".to_owned()), sample::select(["0", "1", "-1", "x", "99999999999999999999"].as_slice()).prop_map(str::to_owned)),
        1 => (Just("offset".to_owned()), sample::select(["0", "1", "-1", "9223372036854775807"].as_slice()).prop_map(str::to_owned)),
    ];
    (prefix, plain).prop_map(|(prefix, (name, value))| (format!("{prefix}{name}"), value))
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("{}".to_owned()),
        2 => Just("[]".to_owned()),
        4 => (sample::select(COLUMNS.as_slice()), value())
            .prop_map(|(name, value)| serde_json::json!({ name: value, "id": 4000 }).to_string()),
        2 => (sample::select(COLUMNS.as_slice()), odd_name())
            .prop_map(|(name, other)| serde_json::json!([{ name: 1, other.clone(): null }, { name: "2", other: [1] }]).to_string()),
        1 => "\\PC{0,20}",
    ]
}

fn request() -> impl Strategy<Value = Any> {
    let method = prop_oneof![
        20 => Just("GET"), 1 => Just("HEAD"), 2 => Just("POST"), 2 => Just("PATCH"), 2 => Just("DELETE"),
        1 => Just("PUT"), 1 => Just("OPTIONS"),
    ];
    let path = prop_oneof![
        12 => relation().prop_map(|name| format!("/{}", utf8_percent_encode(&name, NON_ALPHANUMERIC))),
        3 => sample::select(["person", "all_orders", "pair", "add", "over", "whole", "sum_all", "odd_values", "nothing", "page", "pens", "nope"].as_slice())
            .prop_map(|name| format!("/rpc/{name}")),
        1 => odd_name().prop_map(|name| format!("/rpc/{}", utf8_percent_encode(&name, NON_ALPHANUMERIC))),
    ];
    let prefer = sample::select(
        [
            "return=representation",
            "return=headers-only",
            "count=exact",
            "count=planned",
            "count=estimated",
            "resolution=merge-duplicates, return=representation",
            "missing=default, return=representation",
            "handling=strict, max-affected=1",
            "handling=strict, what",
            "timezone=UTC",
            "tx=rollback",
        ]
        .as_slice(),
    );
    let accept = sample::select(
        [
            "application/json",
            "text/csv",
            "application/vnd.pgrst.object+json",
            "application/vnd.pgrst.array+json;nulls=stripped",
            "application/geo+json",
            "text/vnd.lines",
            "application/vnd.pgrst.plan",
            "application/vnd.pgrst.plan+json; for=\"text/csv\"; options=verbose",
            "image/png",
            "*/*;q=0.1, text/html",
        ]
        .as_slice(),
    );
    (
        method,
        path,
        option::weighted(0.8, select()),
        prop::collection::vec(parameter(), 0..3),
        option::weighted(0.05, prop_oneof![Just("id,name".to_owned()), odd_name()]),
        (option::weighted(0.4, prefer), option::weighted(0.2, accept)),
        body(),
    )
        .prop_map(
            |(method, path, select, mut parameters, columns, (prefer, accept), body)| {
                parameters.extend(select.map(|select| ("select".to_owned(), select)));
                parameters.extend(columns.map(|columns| ("columns".to_owned(), columns)));
                let mut headers = Vec::new();
                headers.extend(prefer.map(|prefer| ("prefer", prefer.to_owned())));
                headers.extend(accept.map(|accept| ("accept", accept.to_owned())));
                Any {
                    method,
                    path,
                    parameters,
                    headers,
                    body,
                }
            },
        )
}

fn uri(request: &Any) -> String {
    let query: Vec<String> = request
        .parameters
        .iter()
        .map(|(name, value)| {
            format!(
                "{}={}",
                utf8_percent_encode(name, NON_ALPHANUMERIC),
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            )
        })
        .collect();
    format!("{}?{}", request.path, query.join("&"))
}

/// What PostgreSQL's own limits and rules may say, which are 500 on the wire (REST-ERR-03).
fn is_postgresqls(code: &str) -> bool {
    ["21000", "54", "55", "57014", "P0", "38", "0A"]
        .iter()
        .any(|class| code.starts_with(class))
}

fn judge(request: &Any, answer: &Answer) -> Result<(), TestCaseError> {
    let shown = || format!("{request:?}\n{} {}", answer.status, answer.body);
    if answer.status < 300 {
        let kind = answer.headers.get("content-type");
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if is_json && request.method != "HEAD" {
            prop_assert!(
                serde_json::from_str::<Value>(&answer.body).is_ok(),
                "{}",
                shown()
            );
        }
        return Ok(());
    }
    prop_assert!(
        answer.headers["content-type"] == "application/json; charset=utf-8",
        "{}",
        shown()
    );
    if request.method == "HEAD" {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&answer.body)
        .map_err(|error| TestCaseError::fail(format!("{error}: {}", shown())))?;
    let members: Vec<&str> = body
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys().map(String::as_str))
        .collect();
    prop_assert_eq!(members, ["code", "details", "hint", "message"]);
    let code = body["code"].as_str().unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default();
    prop_assert!(answer.status < 500 || is_postgresqls(code), "{}", shown());
    // Were a name not quoted, or a value not a parameter, PostgreSQL would not understand the statement.
    prop_assert!(
        code != "42601"
            || message.starts_with("syntax error in tsquery")
            || message.starts_with("zero-length delimited identifier"),
        "{}",
        shown()
    );
    Ok(())
}

// REST-GEN-04, REST-ERR-05, REST-ERR-07, REST-SEQ-01
#[test]
fn any_request_gets_an_answer_or_an_error_of_the_table() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.aggregates_enabled = true;
        settings.plan_enabled = true;
        settings.safeupdate = false;
        settings.tx_end = settings::TxEnd::RollbackAllowOverride;
    }));
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    // The same requests every time.
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&request(), |request| {
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = runtime.block_on(server.ask(
            "",
            request.method,
            &uri(&request),
            &headers,
            &request.body,
        ));
        judge(&request, &answer)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
