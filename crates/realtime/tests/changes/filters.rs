//! Filters, section 16.

use serde_json::json;

use crate::harness::{World, anon, filtered, service};

// RT-FLT-02, RT-FLT-03, RT-FLT-04, RT-FLT-05, RT-FLT-06, RT-FLT-07, RT-FLT-10, RT-FLT-11, RT-FLT-12, RT-FLT-13,
// RT-FLT-14.
#[tokio::test]
async fn every_operator_compares_like_postgresql() {
    let world = World::new(
        "create type mood as enum ('sad', 'ok', 'happy');
         create table t (id int primary key, n int, s text, b bool, u uuid, ts timestamptz, x numeric, m mood, c char(4), j jsonb);
         alter publication supabase_realtime add table t",
    )
    .await;
    let u = "00000000-0000-4000-8000-00000000000a";
    // Filter, then the ids that match: 1 is the row with values, 2 the row of nulls.
    let cases: Vec<(String, &[i64])> = vec![
        ("n=eq.07".into(), &[1]),
        ("n=neq.7".into(), &[]),
        ("n=neq.8".into(), &[1]),
        ("n=not.eq.8".into(), &[1]),
        ("n=lt.8".into(), &[1]),
        ("n=lte.7".into(), &[1]),
        ("n=gt.7".into(), &[]),
        ("n=gte.7".into(), &[1]),
        ("n=not.gte.8".into(), &[1]),
        ("n=in.(1,7)".into(), &[1]),
        ("n=not.in.(1,2)".into(), &[1]),
        ("n=not.in.(1,7)".into(), &[]),
        ("n=is.null".into(), &[2]),
        ("n=not.is.null".into(), &[1]),
        ("n=isdistinct.7".into(), &[2]),
        ("n=isdistinct.8".into(), &[1, 2]),
        ("n=not.isdistinct.7".into(), &[1]),
        ("s=eq.Hello World".into(), &[1]),
        ("s=eq.hello world".into(), &[]),
        ("s=eq.\"Hello World\"".into(), &[1]),
        ("s=in.(\"Hello World\",b)".into(), &[1]),
        ("s=gt.Hello".into(), &[1]),
        ("s=like.Hel%".into(), &[1]),
        ("s=not.like.x%".into(), &[1]),
        ("s=ilike.hel%".into(), &[1]),
        ("s=match.^H.*d$".into(), &[1]),
        ("s=imatch.^h".into(), &[1]),
        ("b=is.true".into(), &[1]),
        ("b=not.is.true".into(), &[2]),
        ("b=is.unknown".into(), &[2]),
        ("b=eq.true".into(), &[1]),
        ("b=eq.yes".into(), &[1]),
        (format!("u=eq.{}", u.to_uppercase()), &[1]),
        ("ts=gt.2024-01-01".into(), &[1]),
        ("ts=eq.2024-06-01 14:00:00+02".into(), &[1]),
        ("ts=lt.2024-01-01".into(), &[]),
        ("x=eq.1.5".into(), &[1]),
        ("x=lt.1.51".into(), &[1]),
        ("x=in.(1,1.500)".into(), &[1]),
        ("m=eq.ok".into(), &[1]),
        ("m=gt.sad".into(), &[1]),
        ("c=eq.ab".into(), &[1]),
        ("j=eq.{\"a\":1.0}".into(), &[1]),
        ("n=eq.7,s=like.H%".into(), &[1]),
        (" n=eq.7 , s=eq.Hello World ".into(), &[1]),
        ("s=in.(a,Hello World),n=in.(\"7\")".into(), &[1]),
        ("x=eq.1.50".into(), &[1]),
        ("n=eq.7,s=like.x%".into(), &[]),
        (" ".into(), &[1, 2]),
    ];
    let mut channels = Vec::new();
    for (filter, _) in &cases {
        channels.push(world.channel(&anon(), filtered("t", filter)).await);
    }
    world
        .run(&format!(
            "insert into t values (1, 7, 'Hello World', true, '{u}', '2024-06-01 12:00:00+00', 1.50, 'ok', 'ab', '{{\"a\": 1}}');
             insert into t (id) values (2)"
        ))
        .await;
    world
        .run("insert into t values (3, 7, 'Hello World', true, null, '2024-06-01 12:00:00+00')")
        .await;
    let mut all = world.channel(&anon(), filtered("t", "id=gt.3")).await;
    world.run("insert into t (id) values (4)").await;
    assert_eq!(all.short().await, "INSERT 4");
    for ((filter, expected), channel) in cases.iter().zip(&mut channels) {
        // All has been delivered by now.
        let delivered: Vec<i64> = std::iter::from_fn(|| channel.inserted_id())
            .filter(|id| *id <= 2)
            .collect();
        assert_eq!(delivered, *expected, "{filter}");
    }
    world.end().await;
}

// RT-FLT-15, RT-FLT-16.
#[tokio::test]
async fn updates_are_filtered_by_the_new_row_and_deletes_by_the_identity() {
    let world = World::new(
        "create table d (id int primary key, room int); create table f (id int primary key, room int);
         alter table f replica identity full; alter publication supabase_realtime add table d, f",
    )
    .await;
    let mut d = world.channel(&anon(), filtered("d", "room=eq.1")).await;
    let mut by_key = world.channel(&anon(), filtered("d", "id=eq.1")).await;
    let mut f = world.channel(&anon(), filtered("f", "room=eq.1")).await;
    for table in ["d", "f"] {
        world
            .run(&format!(
                "insert into {table} values (1, 2); update {table} set room = 1; update {table} set room = 3;
                 update {table} set room = 1; delete from {table}"
            ))
            .await;
    }
    assert_eq!(d.short().await, "UPDATE 1");
    assert_eq!(d.short().await, "UPDATE 1");
    for event in ["INSERT 1", "UPDATE 1", "UPDATE 1", "UPDATE 1", "DELETE 1"] {
        assert_eq!(by_key.short().await, event);
    }
    for event in ["UPDATE 1", "UPDATE 1", "DELETE 1"] {
        assert_eq!(f.short().await, event);
    }
    d.assert_silent();
    world.end().await;
}

// RT-SYS-10, section 16.2: the database's refusals.
#[tokio::test]
async fn bindings_that_do_not_fit_are_refused_in_upstreams_words() {
    // RT-FLT-18, RT-FLT-01, RT-FLT-04.
    let world = World::new(
        "create table test (id int primary key, title text, secret text); revoke select on test from anon;
         grant select (id, title) on test to anon; alter publication supabase_realtime add table test",
    )
    .await;
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let many = format!("id=in.({})", many.join(","));
    let unable = "Unable to subscribe to changes with given parameters.";
    let exception = "An exception happened so please check your connect parameters:";
    let cases: Vec<(&str, &str, &str)> = vec![
        (
            "id=eq.hey",
            r#"{"id", "eq", "hey", false}"#,
            "ERROR 22P02 (invalid_text_representation) invalid input syntax for type integer: \"hey\"",
        ),
        (
            "nope=eq.1",
            r#"{"nope", "eq", "1", false}"#,
            "ERROR P0001 (raise_exception) invalid column for filter nope",
        ),
        (
            "secret=eq.1",
            r#"{"secret", "eq", "1", false}"#,
            "ERROR P0001 (raise_exception) invalid column for filter secret",
        ),
        (
            "id=like.1%",
            r#"{"id", "like", "1%", false}"#,
            "ERROR P0001 (raise_exception) operator like requires a text-compatible column type, got integer",
        ),
        (
            "id=is.true",
            r#"{"id", "is", "true", false}"#,
            "ERROR P0001 (raise_exception) is true filter requires a boolean column, got integer",
        ),
        (
            "id=is.other",
            r#"{"id", "is", "other", false}"#,
            "ERROR P0001 (raise_exception) invalid value for is filter: must be null, true, false, or unknown",
        ),
    ];
    for (filter, shown, raised) in cases {
        let parameters =
            format!("[event: *, schema: public, table: test, filters: [{shown}], select: nil]");
        let expected = format!("{unable} {exception} {parameters}. Exception: {raised}");
        assert_eq!(
            world.refusal(&anon(), filtered("test", filter)).await,
            expected
        );
    }
    let refusal = world.refusal(&anon(), filtered("test", &many)).await;
    assert!(
        refusal.ends_with("too many values for `in` filter. Maximum 100"),
        "{refusal}"
    );
    let refusal = world
        .refusal(&anon(), filtered("test", "title=match.("))
        .await;
    assert!(
        refusal.contains("invalid regular expression for match filter: "),
        "{refusal}"
    );
    let select =
        json!({"event":"INSERT","schema":"public","table":"test","select":["id","secret"]});
    let refusal = world.refusal(&anon(), select.clone()).await;
    let parameters =
        r#"[event: INSERT, schema: public, table: test, filters: [], select: ["id", "secret"]]"#;
    let raised = "ERROR P0001 (raise_exception) invalid column for select secret";
    assert_eq!(
        refusal,
        format!("{unable} {exception} {parameters}. Exception: {raised}")
    );
    assert!(world.try_channel(&service(), &[select]).await.is_ok());
    let refusal = world.refusal(&anon(), filtered("test", "undefined")).await;
    assert_eq!(refusal, "Error parsing `filter` params: [\"undefined\"]");
    for (filter, reason) in [
        ("id=foo.hey", "[\"foo\", \"hey\"]"),
        (
            "id=eq.1,,id=eq.2",
            "filter must not contain empty segments (check for extra commas)",
        ),
        (
            "id=in.1,2",
            "`in` filter value must be wrapped by parentheses",
        ),
    ] {
        assert_eq!(
            world.refusal(&anon(), filtered("test", filter)).await,
            format!("Error parsing `filter` params: {reason}")
        );
    }
    world.end().await;
}

// RT-FLT-17, RT-CHG-12: an unchanged value kept outside the row is not in the change.
#[tokio::test]
async fn a_value_that_is_not_in_the_change_makes_its_term_false() {
    let world = World::new(
        "create table d (id int primary key, body text, n int); alter table d alter body set storage external;
         create table f (like d including all); alter table f replica identity full;
         alter publication supabase_realtime add table d, f",
    )
    .await;
    let mut d = world.channel(&anon(), filtered("d", "body=like.x%")).await;
    let mut d_not = world
        .channel(&anon(), filtered("d", "body=not.like.y%"))
        .await;
    let mut f = world.channel(&anon(), filtered("f", "body=like.x%")).await;
    for table in ["d", "f"] {
        world
            .run(&format!(
                "insert into {table} values (1, repeat('x', 10000), 1); update {table} set n = 2; update {table} set body = 'xy'"
            ))
            .await;
    }
    // With full identity the old row has it.
    for _ in 0..2 {
        f.short().await;
    }
    let last = f.next().await;
    assert_eq!(
        (&last["type"], &last["record"]["body"]),
        (&json!("UPDATE"), &json!("xy"))
    );
    for channel in [&mut d, &mut d_not] {
        assert_eq!(channel.short().await, "INSERT 1");
        assert_eq!(channel.next().await["record"]["body"], "xy");
        channel.assert_silent();
    }
    f.assert_silent();
    world.end().await;
}
