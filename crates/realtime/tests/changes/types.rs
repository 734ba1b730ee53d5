//! Values by type, section 18: what is rendered here equals what `to_jsonb` gives.

use crate::harness::{World, anon, on};

/// Type, literal, JSON text.
const VALUES: &[(&str, &str, &str)] = &[
    ("int2", "-32768", "-32768"),
    ("int8", "9223372036854775807", "9223372036854775807"),
    (
        "numeric",
        "12345678901234567890.12345",
        "12345678901234567890.12345",
    ),
    ("numeric", "1.50000", "1.50000"),
    ("numeric", "NaN", "null"),
    ("float4", "0.1", "0.1"),
    ("float8", "1e300", ""),
    ("float8", "-2.5e-10", ""),
    ("float8", "1e15", ""),
    ("float8", "Infinity", "null"),
    ("bool", "true", "true"),
    ("text", "a\"b\\c\nd\te\u{1}é€😀", ""),
    ("varchar(5)", "abc", ""),
    ("name", "n", ""),
    ("\"char\"", "c", ""),
    ("char(5)", "ab", "\"ab   \""),
    ("bit(4)", "1010", "\"1010\""),
    ("varbit", "101", ""),
    ("bytea", "\\xdeadbeef", "\"deadbeef\""),
    ("bytea[]", "{\"\\\\xdeadbeef\"}", ""),
    ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", ""),
    ("json", "{\"b\": 1, \"a\": 2.50, \"b\": 3}", ""),
    ("jsonb", "{\"b\": 1, \"a\": [1, null, \"x\"]}", ""),
    ("date", "2024-02-29", ""),
    ("date", "infinity", ""),
    ("time", "10:11:12.5", ""),
    ("timetz", "10:11:12+02", ""),
    (
        "timestamp",
        "2024-01-02 03:04:05.678901",
        "\"2024-01-02T03:04:05.678901\"",
    ),
    ("timestamp", "0044-03-15 12:00:00 BC", ""),
    ("timestamp", "-infinity", ""),
    ("timestamptz", "2024-01-02 03:04:05.678901+05", ""),
    ("timestamptz", "2024-01-02 03:04:05", ""),
    (
        "interval",
        "1 year 2 days 03:04:05",
        "\"1 year 2 days 03:04:05\"",
    ),
    ("oid", "4000000000", "\"4000000000\""),
    ("regclass", "pg_class", ""),
    ("money", "1234.50", ""),
    ("inet", "10.0.0.1", ""),
    ("cidr", "10.0.0.0/8", ""),
    ("macaddr", "08:00:2b:01:02:03", ""),
    ("int4range", "[1,10)", ""),
    ("int4multirange", "{[1,3),[5,7)}", ""),
    ("point", "(1.5,2)", ""),
    ("box", "(1,1),(0,0)", ""),
    ("xml", "<a>b</a>", ""),
    ("tsvector", "a:1 b:2", ""),
    ("tsquery", "a & b", ""),
    ("pg_lsn", "16/B374D848", ""),
    ("mood", "very \"happy\"", ""),
    ("mood[]", "{sad,NULL}", ""),
    ("pair", "(1,\"a,b\")", ""),
    ("pair[]", "{\"(1,x)\",NULL}", ""),
    ("positive", "7", ""),
    ("positive[]", "{7,8}", ""),
    ("int4[]", "{{1,2},{3,NULL}}", ""),
    ("int4[]", "[5:6]={1,2}", ""),
    ("text[]", "{a,\"b,\\\"c\\\\\",NULL,\"NULL\",\"\"}", ""),
    ("float8[]", "{NaN,1e20,0.5}", ""),
    ("timestamptz[]", "{\"2024-01-02 03:04:05+00\"}", ""),
    ("jsonb[]", "{\"{\\\"a\\\": 1}\"}", ""),
    ("json[]", "{\"{\\\"a\\\":1}\"}", ""),
    ("bool[]", "{t,f}", ""),
    ("box[]", "{(1,1),(0,0);(2,2),(0,0)}", ""),
];

// RT-TYP-01, RT-TYP-02, RT-TYP-04, D-07.
#[tokio::test]
async fn values_are_what_to_jsonb_gives() {
    let columns: Vec<String> = VALUES
        .iter()
        .enumerate()
        .map(|(index, (kind, ..))| format!("v{index} {kind}"))
        .collect();
    let world = World::new(&format!(
        "create type mood as enum ('sad', 'very \"happy\"'); create type pair as (n int, t text);
         create domain positive as int check (value > 0);
         create table t (id int primary key, {});
         alter publication supabase_realtime add table t",
        columns.join(", ")
    ))
    .await;
    let mut channel = world.channel(&anon(), on("t")).await;
    let literals: Vec<String> = VALUES
        .iter()
        .map(|(kind, text, _)| format!("{}::{kind}", sql::quote_literal(text)))
        .collect();
    world
        .run(&format!(
            "insert into t values (1, {})",
            literals.join(", ")
        ))
        .await;
    let (_, data) = channel.raw().await;
    let data: serde_json::Value = serde_json::from_slice(&data).unwrap();
    for (index, (kind, text, expected)) in VALUES.iter().enumerate() {
        let name = format!("v{index}");
        let expected = if expected.is_empty() {
            let sql = format!("select to_jsonb({name})::text from t");
            world
                .client
                .query_one(&sql, &[])
                .await
                .unwrap()
                .get::<_, String>(0)
        } else {
            (*expected).to_owned()
        };
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(data["record"].get(&name), Some(&expected), "{kind} {text}");
    }
    let types: Vec<&str> = data["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["type"].as_str().unwrap())
        .collect();
    for name in [
        "int8",
        "bpchar",
        "_int4",
        "mood",
        "positive",
        "_pair",
        "timestamptz",
    ] {
        assert!(types.contains(&name), "{name}");
    }
    world.end().await;
}

// RT-TYP-02: digits, not floats.
#[tokio::test]
async fn every_digit_survives() {
    let world = World::new(
        "create table t (id int8 primary key, n numeric, j jsonb, f float8); alter publication supabase_realtime add table t",
    )
    .await;
    let mut channel = world.channel(&anon(), on("t")).await;
    world.run("insert into t values (9007199254740993, 0.10000000000000000001, '{\"n\":9007199254740993}', 1e22)").await;
    let (_, data) = channel.raw().await;
    let text = std::str::from_utf8(&data).unwrap();
    let record = r#""record":{"id":9007199254740993,"n":0.10000000000000000001,"j":{"n": 9007199254740993},"f":10000000000000000000000}"#;
    assert!(text.contains(record), "{text}");
    world.end().await;
}

// RT-TYP-01: a type with a cast to json.
#[tokio::test]
async fn a_cast_to_json_is_used() {
    let world = World::new(
        "create type weight as enum ('1500', '20');
         create function to_json(weight) returns json language sql immutable as $$ select json_build_object('kg', $1::text::int / 1000.0) $$;
         create cast (weight as json) with function to_json(weight);
         create table t (id int primary key, w weight);
         alter publication supabase_realtime add table t",
    )
    .await;
    let mut channel = world.channel(&anon(), on("t")).await;
    world.run("insert into t values (1, '1500')").await;
    assert_eq!(
        channel.next().await["record"]["w"]["kg"].as_f64(),
        Some(1.5)
    );
    world.end().await;
}
