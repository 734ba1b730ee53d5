//! Row security, judged twice: the same question over REST as a caller, and in SQL under `set role`.

use proptest::prelude::*;
use proptest::sample;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use crate::server::Server;

const CASES: u32 = 3_000;

/// A condition, as REST writes it inside `and=()` and as SQL does.
#[derive(Debug, Clone)]
struct Condition {
    rest: String,
    sql: String,
}

fn leaf() -> impl Strategy<Value = Condition> {
    let number = (
        sample::select(["id", "club", "weight"].as_slice()),
        sample::select([("eq", "="), ("neq", "<>"), ("gt", ">"), ("lte", "<=")].as_slice()),
        0..60_i32,
    )
        .prop_map(|(column, (word, operator), value)| Condition {
            rest: format!("{column}.{word}.{value}"),
            sql: format!("{column} {operator} {value}"),
        });
    let list = prop::collection::vec(0..120_i32, 0..6).prop_map(|ids| {
        let list: Vec<String> = ids.iter().map(i32::to_string).collect();
        Condition {
            rest: format!("id.in.({})", list.join(",")),
            sql: format!("id = any ('{{{}}}')", list.join(",")),
        }
    });
    let text = sample::select(["title 1", "title", "%2%", "", "it's, (odd)", "\\\\"].as_slice())
        .prop_map(|text| Condition {
            rest: format!("title.like.\"{}\"", text.replace('\\', "\\\\")),
            sql: format!("title like '{}'", text.replace('\'', "''")),
        });
    let owner = sample::select(["ada", "bob", "nobody"].as_slice()).prop_map(|who| Condition {
        rest: format!("owner.isdistinct.{who}"),
        sql: format!("owner is distinct from '{who}'"),
    });
    let is = sample::select(
        [
            ("owner.is.null", "owner is null"),
            ("title.not.is.null", "not (title is null)"),
            ("secret.is.true", "secret is true"),
            ("made.gte.2024-03-01", "made >= '2024-03-01'"),
        ]
        .as_slice(),
    )
    .prop_map(|(rest, sql)| Condition {
        rest: rest.to_owned(),
        sql: sql.to_owned(),
    });
    prop_oneof![4 => number, 1 => list, 1 => text, 1 => owner, 2 => is]
}

fn condition() -> impl Strategy<Value = Condition> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        (
            any::<bool>(),
            any::<bool>(),
            prop::collection::vec(inner, 1..4),
        )
            .prop_map(|(negated, all, members)| {
                let (word, junctor) = if all {
                    ("and", " and ")
                } else {
                    ("or", " or ")
                };
                let join = |texts: Vec<String>, by: &str| texts.join(by);
                let rest = join(members.iter().map(|m| m.rest.clone()).collect(), ",");
                let sql = members.iter().map(|m| format!("({})", m.sql)).collect();
                Condition {
                    rest: format!("{}{word}({rest})", if negated { "not." } else { "" }),
                    sql: format!(
                        "{}({})",
                        if negated { "not " } else { "" },
                        join(sql, junctor)
                    ),
                }
            })
    })
}

/// What is asked: a REST request, and the SQL whose answer is one JSON text.
#[derive(Debug, Clone)]
struct Question {
    role: &'static str,
    subject: &'static str,
    method: &'static str,
    uri: String,
    body: &'static str,
    sql: String,
}

fn question() -> impl Strategy<Value = Question> {
    let caller = sample::select(
        [
            ("anon", ""),
            ("authenticated", "ada"),
            ("authenticated", "bob"),
            ("authenticated", "cyd"),
            ("authenticated", "nobody"),
            ("service_role", "x"),
        ]
        .as_slice(),
    );
    let kind = 0..8_usize;
    (caller, kind, condition(), 0..50_i32).prop_map(|((role, subject), kind, condition, number)| {
        let rest = percent_encoding::utf8_percent_encode(
            &condition.rest,
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string();
        let where_ = &condition.sql;
        let filter = format!("and=({rest})");
        let rows = |columns: &str, from: &str| {
            format!(
                "select coalesce(json_agg(x order by x.id), '[]')::text from (select {columns} from {from} where {where_}) x"
            )
        };
        let (method, uri, body, sql) = match kind {
            0 | 1 => (
                "GET",
                format!("/docs?select=id,title&{filter}&order=id"),
                "",
                rows("id, title", "guarded.docs"),
            ),
            2 => (
                "GET",
                format!("/docs?select=id,notes(id)&{filter}&order=id&notes.order=id"),
                "",
                rows(
                    "id, (select coalesce(json_agg(n order by n.id), '[]') from (select id from guarded.notes where doc = docs.id) n) as notes",
                    "guarded.docs",
                ),
            ),
            3 => (
                "GET",
                format!("/docs?select=id,notes!inner()&{filter}&order=id&notes.author=eq.ada"),
                "",
                format!(
                    "select coalesce(json_agg(x order by x.id), '[]')::text from (select id from guarded.docs where {where_}
                       and exists (select from guarded.notes n where n.doc = docs.id and n.author = 'ada')) x"
                ),
            ),
            4 => (
                "GET",
                format!("/rpc/heavy?minimum={number}&select=id&{filter}&order=id"),
                "",
                rows("id", &format!("guarded.heavy({number}) docs")),
            ),
            5 => (
                "PATCH",
                format!("/docs?select=id,weight&{filter}&order=id"),
                r#"{"weight":42,"title":"changed"}"#,
                format!(
                    "with done as (update guarded.docs set weight = 42, title = 'changed' where {where_} returning id, weight)
                     select coalesce(json_agg(done order by id), '[]')::text from done"
                ),
            ),
            6 => (
                "DELETE",
                // Without their notes, which refer to them.
                format!("/notes?select=id&doc=lt.{number}&id=gt.{number}&order=id"),
                "",
                format!(
                    "with done as (delete from guarded.notes where doc < {number} and id > {number} returning id)
                     select coalesce(json_agg(done order by id), '[]')::text from done"
                ),
            ),
            _ => (
                "GET",
                format!("/notes?select=id,docs(id)&id=gt.{number}&order=id&docs.and=({rest})"),
                "",
                format!(
                    "select coalesce(json_agg(x order by x.id), '[]')::text from (select id,
                       (select row_to_json(d) from (select id from guarded.docs where docs.id = notes.doc and {where_}) d) as docs
                     from guarded.notes where id > {number}) x"
                ),
            ),
        };
        Question {
            role,
            subject,
            method,
            uri,
            body,
            sql,
        }
    })
}

/// The answer in SQL, or the SQLSTATE.
async fn in_sql(client: &tokio_postgres::Client, question: &Question) -> Result<Value, String> {
    let claims = serde_json::json!({ "role": question.role, "sub": question.subject }).to_string();
    let batch = format!(
        "begin; set local role {}; select set_config('request.jwt.claims', '{claims}', true); {}",
        question.role, question.sql
    );
    let result = client.simple_query(&batch).await;
    client.batch_execute("rollback").await.unwrap();
    match result {
        Ok(messages) => {
            let row = messages
                .iter()
                .filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0),
                    _ => None,
                })
                .next_back();
            Ok(serde_json::from_str(row.unwrap()).unwrap())
        }
        Err(error) => Err(error.code().unwrap().code().to_owned()),
    }
}

async fn over_rest(server: &Server, question: &Question) -> Result<Value, String> {
    let caller = if question.subject.is_empty() {
        question.role.to_owned()
    } else {
        format!("{}:{}", question.role, question.subject)
    };
    let headers = [("prefer", "return=representation, tx=rollback")];
    let answer = server
        .ask(
            &caller,
            question.method,
            &question.uri,
            &headers,
            question.body,
        )
        .await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    if answer.status < 300 {
        Ok(body)
    } else {
        Err(body["code"].as_str().unwrap().to_owned())
    }
}

// REST-GEN-02, REST-GEN-09, REST-FLT-03, REST-LOG-01, REST-EMB-19, REST-UPD-01, REST-UPD-08, REST-DEL-01
#[test]
fn over_rest_a_caller_sees_and_changes_what_the_role_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, client) = runtime.block_on(async {
        let server = Server::start_with(|settings| {
            settings.schemas = vec!["guarded".to_owned()];
            settings.tx_end = settings::TxEnd::CommitAllowOverride;
            settings.max_rows = None;
        })
        .await;
        let client = server.database.connect().await;
        (server, client)
    });
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    // The same questions every time.
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let seen = std::cell::Cell::new(0_usize);
    let result = runner.run(&question(), |question| {
        let (expected, found) = runtime.block_on(async {
            (
                in_sql(&client, &question).await,
                over_rest(&server, &question).await,
            )
        });
        let count = |answer: &Result<Value, String>| {
            answer
                .as_ref()
                .map_or(0, |rows| rows.as_array().map_or(0, Vec::len))
        };
        seen.set(seen.get() + count(&found));
        prop_assert_eq!(&found, &expected, "{:?}", question);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(seen.get() > 1_000, "too few rows were compared");
}
