//! Scripts of others in sessions of their own.

use pg::{Completed, Error, Session};
use testkit::Postgres;

use crate::support::PATIENCE;

async fn session() -> Session {
    let database = Postgres::shared().database().await;
    Session::open(database.admin(), "scripts", PATIENCE)
        .await
        .unwrap()
}

fn completed(tag: &str, rows: Option<u64>) -> Completed {
    Completed {
        tag: tag.to_owned(),
        rows,
    }
}

#[tokio::test]
async fn a_script_is_told_by_the_tag_of_its_last_statement() {
    let mut session = session().await;
    let check = async |session: &mut Session, script, expected| {
        assert_eq!(session.run(script).await.unwrap(), expected, "{script}");
    };
    check(
        &mut session,
        "create table t (i int); insert into t values (1), (2)",
        completed("INSERT 0 2", None),
    )
    .await;
    check(&mut session, "table t", completed("SELECT 2", Some(2))).await;
    check(&mut session, "delete from t", completed("DELETE 2", None)).await;
    // Outside any transaction block, as a maintenance job needs.
    check(&mut session, "vacuum t", completed("VACUUM", None)).await;
    check(&mut session, "-- nothing", completed("", None)).await;
    let pid = format!("select {} = pg_backend_pid() or null", session.process_id());
    check(
        &mut session,
        &format!("do $$ begin assert ({pid}); end $$"),
        completed("DO", None),
    )
    .await;
}

#[tokio::test]
async fn a_script_ends_at_its_first_error_and_leaves_the_session_usable() {
    let mut session = session().await;
    let error = session
        .run("create table t (); select 1/0; create table u ()")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("22012"));
    let error = session.run("copy t to stdout").await;
    assert!(matches!(error, Err(Error::Server(error)) if error.code == "42P01"));
    session.run("create table t (i int)").await.unwrap();
    assert!(session.run("copy t to stdout").await.is_err());
    assert!(session.run("copy t from stdin").await.is_err());
    assert_eq!(session.run("select 1").await.unwrap().rows, Some(1));
}

#[tokio::test]
async fn a_script_under_way_can_be_cancelled() {
    let mut session = session().await;
    let canceller = session.canceller();
    let script = session.run("select pg_sleep(600)");
    tokio::pin!(script);
    loop {
        tokio::select! {
            ended = &mut script => {
                assert_eq!(ended.unwrap_err().code(), Some("57014"));
                break;
            }
            // Asked until the statement has begun and hears it.
            asked = canceller.cancel() => asked.unwrap(),
        }
    }
}
