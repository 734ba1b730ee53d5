//! Rows that the target does not take.

use crate::stage::{Stage, options};
use migrate::copy::OrphanPolicy;
use migrate::run::{Options, TableReport, rollback};
use migrate::{Error, Plan, Target};

/// Users, and things of theirs of which the target refuses eleven: a domain that gained a check, keys of nobody that
/// may not be null, and bytes that are no text (the database never asked).
const SOURCE: &str = include_str!("rejected.sql");
/// Refused by the check: the first and the last row, neighbours, and both sides of a batch's end.
const UNCHECKED: [i32; 7] = [1, 2, 1_024, 1_025, 2_500, 2_501, 5_000];

async fn stage() -> (Stage, Plan) {
    let stage = Stage::of("SQL_ASCII", SOURCE).await;
    let mut plan = stage.plan().await;
    for reference in &mut plan.references {
        if reference.orphan_policy == OrphanPolicy::Ask {
            reference.orphan_policy = OrphanPolicy::Null;
        }
    }
    plan.accept_defaults();
    assert_eq!(plan.questions(), [], "{}", plan.render());
    (stage, plan)
}

fn allowing(rejects: u64, dir: &std::path::Path) -> Options {
    Options {
        max_rejects: Some(rejects),
        rejects: Some(dir.to_owned()),
        ..options()
    }
}

fn account<'a>(tables: &'a [TableReport], table: &str) -> &'a TableReport {
    tables.iter().find(|it| it.table == table).unwrap()
}

fn lines(path: &std::path::Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// MIG-COPY-06, MIG-GEN-02: what the target takes is loaded, what it refuses is kept with its key, its row and why, and
/// every row is accounted for.
#[tokio::test]
async fn rows_that_the_target_refuses_are_set_aside_one_by_one() {
    let (stage, plan) = stage().await;
    let dir = tempfile::tempdir().unwrap();
    let report = stage.run(&plan, &allowing(11, dir.path())).await.unwrap();
    for (table, read, rejected) in [
        ("public.things", 5_000, 7),
        ("public.visits", 300, 2),
        ("public.letters", 40, 2),
        ("public.users", 3, 0),
    ] {
        let account = account(&report.tables, table);
        assert_eq!(
            (account.read, account.rejected),
            (read, rejected),
            "{table}"
        );
        assert_eq!(account.loaded, read - rejected, "{table}");
        assert!(account.balances());
    }
    let client = stage.client().await;
    let row = client
        .query_one("select count(*), min(id), max(id) from public.things", &[])
        .await
        .unwrap();
    let seen: (i64, i32, i32) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(seen, (4_993, 3, 4_999));

    let mut things = lines(&dir.path().join("public.things.ndjson"));
    things.sort_by_key(|it| it["key"]["id"].as_str().unwrap().parse::<i32>().unwrap());
    let keys: Vec<i32> = things
        .iter()
        .map(|it| it["key"]["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(keys, UNCHECKED);
    assert_eq!(things[0]["sqlstate"], "23514");
    assert_eq!(things[0]["constraint"], "amount_check");
    assert_eq!(things[0]["row"]["amount"], "-1");
    // The old id, not the new one: a person looks for it in the old database.
    assert_eq!(things[0]["row"]["user_id"], "1");
    let visits = lines(&dir.path().join("public.visits.ndjson"));
    assert_eq!(visits[0]["sqlstate"], "23502");
    assert_eq!(visits[0]["column"], "user_id");
    let letters = lines(&dir.path().join("public.letters.ndjson"));
    assert_eq!(letters[0]["sqlstate"], "22021");
    assert!(!dir.path().join("public.users.ndjson").exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(dir.path().join("public.things.ndjson"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    stage.verify(&plan).await;
    // MIG-GEN-04: nothing to do, nothing changed.
    let before = stage.fingerprint().await;
    let again = stage.run(&plan, &allowing(11, dir.path())).await.unwrap();
    assert_eq!(again.tables, report.tables);
    assert_eq!(stage.fingerprint().await, before);
}

/// MIG-COPY-06: without leave to lose rows the table fails as a whole, with the list; with it, the same run goes on.
#[tokio::test]
async fn without_leave_a_table_with_refused_rows_fails_as_a_whole() {
    let (stage, plan) = stage().await;
    let dir = tempfile::tempdir().unwrap();
    let one_by_one = Options {
        jobs: 1,
        ..allowing(0, dir.path())
    };
    match stage.run(&plan, &one_by_one).await {
        Err(Error::Rejects {
            table,
            allowed,
            refused,
            more,
            file,
        }) => {
            assert_eq!((table.as_str(), allowed, more), ("public.things", 0, false));
            let mut keys: Vec<i32> = refused
                .iter()
                .map(|it| it.key[0].1.as_deref().unwrap().parse().unwrap())
                .collect();
            keys.sort_unstable();
            assert_eq!(keys, UNCHECKED);
            assert_eq!(lines(&file.unwrap()).len(), UNCHECKED.len());
        }
        other => panic!("{other:?}"),
    }
    let client = stage.client().await;
    let row = client
        .query_one("select count(*) from public.things", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "all or nothing");
    // One fewer than it takes.
    let almost = stage.run(&plan, &allowing(10, dir.path())).await;
    assert!(matches!(almost, Err(Error::Rejects { allowed: 10, .. })));
    let report = stage.run(&plan, &allowing(11, dir.path())).await.unwrap();
    assert!(report.tables.iter().all(TableReport::balances));
    stage.verify(&plan).await;
}

/// MIG-RES-02, MIG-COPY-05: stopped anywhere, a run that sets rows aside ends as an undisturbed one does, the refused
/// rows and their lists included.
#[tokio::test]
async fn a_stopped_run_sets_aside_the_same_rows() {
    let (stage, plan) = stage().await;
    let (calm_dir, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let calm = stage.beside().await;
    calm.run(&plan, &allowing(11, calm_dir.path()))
        .await
        .unwrap();
    let expected = calm.fingerprint().await;
    // Stopped after each table that it finishes, and in the middle of what runs beside it.
    stage
        .run_interrupted(&plan, &allowing(11, dir.path()))
        .await;
    assert_eq!(stage.fingerprint().await, expected);
    for table in ["things", "visits", "letters"] {
        let file = format!("public.{table}.ndjson");
        assert_eq!(
            std::fs::read(dir.path().join(&file)).unwrap(),
            std::fs::read(calm_dir.path().join(&file)).unwrap(),
            "{table}"
        );
    }
    stage.verify(&plan).await;
}

/// MIG-RES-05, MIG-RBK-02: a source that changed meanwhile is read again, refused rows too; a rollback forgets them.
#[tokio::test]
async fn refused_rows_are_those_of_the_moment() {
    let (stage, plan) = stage().await;
    let dir = tempfile::tempdir().unwrap();
    stage.run(&plan, &allowing(11, dir.path())).await.unwrap();
    let source = stage.source().await;
    source
        .batch_execute("delete from things where id = 1024")
        .await
        .unwrap();
    let report = stage.run(&plan, &allowing(11, dir.path())).await.unwrap();
    let things = account(&report.tables, "public.things");
    assert_eq!((things.read, things.rejected), (4_999, 6));
    assert_eq!(lines(&dir.path().join("public.things.ndjson")).len(), 6);
    stage.verify(&plan).await;
    let target = Target::lock(&stage.target).await.unwrap();
    rollback(&target, plan.run, "S05").await.unwrap();
    drop(target);
    let client = stage.client().await;
    let left: i64 = client
        .query_one("select count(*) from passerelle_migrate.rejects", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0);
}
