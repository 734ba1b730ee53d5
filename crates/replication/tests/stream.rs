//! A stream against a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like tests"
)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base::Tasks;
use replication::message::{Identity, OldTuple, Value};
use replication::{
    Change, Error, Event, Kind, Lsn, Options, Slot, SlotKind, SlotLoss, Start, Stream, Transaction,
};
use testkit::{Postgres, TestDatabase};
use tokio_postgres::Client;

/// How long anything may take on a machine that is busy otherwise; only what never comes takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A database with a publication, and a stream of it.
struct Setup {
    db: TestDatabase,
    client: Client,
    tasks: Tasks,
    options: Options,
}

/// Events read so far, and the stream they come from.
struct Reading {
    stream: Stream,
    seen: VecDeque<Event>,
}

impl Setup {
    async fn new(sql: &str) -> Self {
        let db = Postgres::shared().database().await;
        let client = db.connect().await;
        client.batch_execute(sql).await.unwrap();
        client
            .batch_execute("create publication p for all tables")
            .await
            .unwrap();
        let slot = format!("slot_{}", db.admin().database());
        let options = Options::new(db.admin(), &slot, &["p"]);
        Self {
            db,
            client,
            tasks: Tasks::new(),
            options,
        }
    }

    async fn read(&self) -> Reading {
        let mut reading = Reading {
            stream: Stream::start(self.options.clone(), &self.tasks),
            seen: VecDeque::new(),
        };
        reading.connected().await;
        reading
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn slot(&self) -> Slot {
        Slot::find(&self.client, &self.options.slot)
            .await
            .unwrap()
            .expect("the slot exists")
    }

    async fn present(&self) -> Lsn {
        let row = self
            .client
            .query_one("select pg_current_wal_lsn()::text", &[])
            .await
            .unwrap();
        row.get::<_, String>(0).parse().unwrap()
    }

    /// Ends the server's side of the stream, once there is one; waits until it is gone.
    async fn kill_walsender(&self) {
        let sql = "select count(pg_terminate_backend(active_pid, 120000)) from pg_replication_slots
             where slot_name = $1 and active_pid is not null";
        wait_until(async || {
            let row = self.client.query_one(sql, &[&self.options.slot]).await;
            row.unwrap().get::<_, i64>(0) == 1
        })
        .await;
    }

    async fn end(self) {
        assert!(self.tasks.shut_down(PATIENCE).await);
        Slot::drop(&self.client, &self.options.slot).await.unwrap();
        drop(self.db);
    }
}

impl Reading {
    async fn event(&mut self) -> Event {
        if let Some(event) = self.seen.pop_front() {
            return event;
        }
        tokio::time::timeout(PATIENCE, self.stream.next())
            .await
            .expect("an event")
            .expect("the stream goes on")
    }

    async fn connected(&mut self) -> (Lsn, bool) {
        loop {
            match self.event().await {
                Event::Connected {
                    position, fresh, ..
                } => return (position, fresh),
                Event::Interrupted(error) => assert!(!error.needs_attention(), "{error}"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next transaction, whatever interrupts the stream meanwhile.
    async fn transaction(&mut self) -> Arc<Transaction> {
        loop {
            match self.event().await {
                Event::Transaction(transaction) => return transaction,
                Event::Interrupted(error) => assert!(!error.needs_attention(), "{error}"),
                Event::Connected { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn changes(&mut self) -> Vec<Change> {
        self.transaction().await.changes.clone()
    }

    async fn change(&mut self) -> Change {
        let changes = self.changes().await;
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes.into_iter().next().unwrap()
    }
}

/// `a|b`, with `~` for null and `?` for unchanged.
fn show(tuple: &replication::message::Tuple) -> String {
    let values: Vec<&str> = tuple
        .values
        .iter()
        .map(|value| match value {
            Value::Null => "~",
            Value::Unchanged => "?",
            value => value.text().unwrap(),
        })
        .collect();
    values.join("|")
}

fn describe(change: &Change) -> String {
    let old = |old: &OldTuple| match old {
        OldTuple::Key(tuple) => format!("key {}", show(tuple)),
        OldTuple::Full(tuple) => format!("full {}", show(tuple)),
    };
    match &change.kind {
        Kind::Insert { new } => format!("insert {}", show(new)),
        Kind::Update { old: None, new } => format!("update {}", show(new)),
        Kind::Update {
            old: Some(before),
            new,
        } => format!("update {} from {}", show(new), old(before)),
        Kind::Delete { old: before } => format!("delete {}", old(before)),
        Kind::Truncate => "truncate".into(),
    }
}

#[tokio::test]
async fn changes_of_one_transaction_come_together_in_order() {
    let setup = Setup::new("create table t (id int primary key, name text)").await;
    let mut reading = setup.read().await;
    setup
        .run("begin; insert into t values (1, 'a'), (2, null); update t set name = 'b' where id = 1; delete from t where id = 2; commit")
        .await;
    let transaction = reading.transaction().await;
    let changes: Vec<String> = transaction.changes.iter().map(describe).collect();
    assert_eq!(
        changes,
        ["insert 1|a", "insert 2|~", "update 1|b", "delete key 2|~"]
    );
    assert!(transaction.is_complete());
    assert!(transaction.end_lsn.unwrap() > transaction.commit_lsn);
    let now = base::SystemClock;
    let age = base::Clock::now(&now).timestamp_micros() - transaction.unix_micros();
    assert!((0..60_000_000).contains(&age), "{age}");
    setup.run("truncate t").await;
    assert_eq!(describe(&reading.change().await), "truncate");
    setup
        .run("begin; insert into t values (9, 'x'); rollback; insert into t values (3, 'c')")
        .await;
    assert_eq!(describe(&reading.change().await), "insert 3|c");
    setup.end().await;
}

#[tokio::test]
async fn the_old_row_is_as_wide_as_the_replica_identity() {
    let setup = Setup::new(
        "create table d (id int primary key, name text);
         create table f (id int primary key, name text); alter table f replica identity full;
         create table i (id int primary key, name text not null, rest text); create unique index by_name on i (name);
         alter table i replica identity using index by_name",
    )
    .await;
    let mut reading = setup.read().await;
    let check = async |reading: &mut Reading, sql: &str, expected: &[&str]| {
        setup.run(sql).await;
        let changes = reading.changes().await;
        assert_eq!(
            changes.iter().map(describe).collect::<Vec<_>>(),
            expected,
            "{sql}"
        );
        changes[0].relation.identity
    };
    let default = "begin; insert into d values (1, 'a'); update d set name = 'b'; update d set id = 2; delete from d; commit";
    let expected = [
        "insert 1|a",
        "update 1|b",
        "update 2|b from key 1|~",
        "delete key 2|~",
    ];
    assert_eq!(
        check(&mut reading, default, &expected).await,
        Identity::Default
    );
    let full =
        "begin; insert into f values (1, 'a'); update f set name = 'b'; delete from f; commit";
    let expected = ["insert 1|a", "update 1|b from full 1|a", "delete full 1|b"];
    assert_eq!(check(&mut reading, full, &expected).await, Identity::Full);
    let index = "begin; insert into i values (1, 'a', 'x'); update i set rest = 'y'; update i set name = 'b'; delete from i; commit";
    let expected = [
        "insert 1|a|x",
        "update 1|a|y",
        "update 1|b|y from key ~|a|~",
        "delete key ~|b|~",
    ];
    assert_eq!(check(&mut reading, index, &expected).await, Identity::Index);
    setup.end().await;
}

#[tokio::test]
async fn an_unchanged_value_stored_out_of_line_is_marked() {
    let setup = Setup::new(
        "create table t (id int primary key, n int, big text); alter table t alter big set storage external;
         create table f (id int primary key, n int, big text); alter table f alter big set storage external;
         alter table f replica identity full",
    )
    .await;
    let mut reading = setup.read().await;
    setup
        .run("insert into t values (1, 1, repeat('x', 10000))")
        .await;
    assert!(describe(&reading.change().await).len() > 10_000);
    setup.run("update t set n = 2").await;
    assert_eq!(describe(&reading.change().await), "update 1|2|?");
    setup
        .run("insert into f values (1, 1, repeat('x', 10000))")
        .await;
    reading.change().await;
    setup.run("update f set n = 2").await;
    let change = reading.change().await;
    let Kind::Update {
        old: Some(OldTuple::Full(old)),
        new,
    } = &change.kind
    else {
        panic!("{change:?}")
    };
    assert_eq!(new[2], Value::Unchanged);
    assert_eq!(old[2].text().unwrap().len(), 10_000);
    setup.end().await;
}

#[tokio::test]
async fn text_forms_depend_on_nobodys_settings() {
    let setup =
        Setup::new("create table t (a date, b interval, c float8, d bytea, e timestamptz)").await;
    setup
        .run(&format!(
            "alter database {0} set DateStyle = 'German'; alter database {0} set IntervalStyle = 'iso_8601';
             alter database {0} set extra_float_digits = -5; alter database {0} set bytea_output = 'escape';
             alter database {0} set TimeZone = 'Asia/Tokyo'",
            setup.db.admin().database()
        ))
        .await;
    let mut reading = setup.read().await;
    setup
        .run(
            "insert into t values ('2024-02-29'::text::date, '1 year 2 days 03:04:05', 0.1::float8 + 0.2::float8, '\\xdeadbeef',
                '2024-01-02 03:04:05.678901+00')",
        )
        .await;
    let change = describe(&reading.change().await);
    let expected = "insert 2024-02-29|1 year 2 days 03:04:05|0.30000000000000004|\\xdeadbeef|2024-01-02 12:04:05.678901+09";
    assert_eq!(change, expected);
    setup.end().await;
}

#[tokio::test]
async fn a_table_is_described_anew_after_anything_about_it_changed() {
    let setup = Setup::new("create role bystander; create table t (id int primary key)").await;
    let mut reading = setup.read().await;
    setup.run("insert into t values (1)").await;
    let mut first = reading.change().await.relation;
    // It may be described anew for less, but not every time.
    let mut id = 2;
    loop {
        setup.run(&format!("insert into t values ({id})")).await;
        let next = reading.change().await.relation;
        if Arc::ptr_eq(&first, &next) {
            break;
        }
        (first, id) = (next, id + 1);
        assert!(id < 10);
    }
    let mut last = first;
    let ddl = [
        "alter table t add extra text",
        "create policy p on t using (true)",
        "alter table t enable row level security",
        "grant select on t to bystander",
        "revoke select on t from bystander",
        "alter table t rename extra to more",
    ];
    for (index, ddl) in ddl.iter().enumerate() {
        setup.run(ddl).await;
        setup
            .run(&format!("insert into t values ({})", index + 10))
            .await;
        let relation = reading.change().await.relation;
        assert!(!Arc::ptr_eq(&last, &relation), "{ddl}");
        last = relation;
    }
    assert_eq!(last.columns[1].name, "more");
    setup
        .run("drop owned by bystander; drop role bystander")
        .await;
    setup.end().await;
}

#[tokio::test]
async fn a_large_transaction_comes_in_parts_and_whole() {
    let mut setup = Setup::new("create table t (id int primary key)").await;
    setup.options.part_bytes = 10_000;
    setup.options.queue = 2;
    let mut reading = setup.read().await;
    setup
        .run("insert into t select generate_series(1, 100000)")
        .await;
    let (mut next, mut parts) = (1, 0);
    loop {
        let part = reading.transaction().await;
        parts += 1;
        assert_eq!(part.offset, next - 1);
        for change in &part.changes {
            assert_eq!(describe(change), format!("insert {next}"));
            next += 1;
        }
        assert!(part.changes.len() <= 10_000, "{}", part.changes.len());
        if part.is_complete() {
            break;
        }
    }
    assert_eq!(next, 100_001);
    assert!(parts > 10, "{parts}");
    setup.end().await;
}

// RT-DEL-03, D-04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_walsender_is_killed() {
    const COMMITS: usize = 10_000;
    let mut setup = Setup::new("create table t (id int primary key)").await;
    setup.options.part_bytes = 8;
    let mut reading = setup.read().await;
    let confirm = reading.stream.confirm();
    let writer = setup.db.connect().await;
    // What was read last; the connection breaks six times on the way.
    let (read, mut reached) = tokio::sync::watch::channel(0);
    let writing = async {
        for batch in 0..COMMITS / 100 {
            // A procedure would do; separate statements of one simple query commit together, so say so.
            let sql: Vec<String> = (1..=100)
                .map(|index| {
                    let id = (batch * 100 + index) * 2;
                    format!("begin; insert into t values ({id}), ({}); commit;", id + 1)
                })
                .collect();
            writer.batch_execute(&sql.concat()).await.unwrap();
        }
    };
    let killing = async {
        for round in 1..=6 {
            let there = reached.wait_for(|read| *read >= round * 3_000);
            there.await.unwrap();
            setup.kill_walsender().await;
        }
    };
    let reading = async {
        let mut next = 2;
        while next < COMMITS * 2 + 2 {
            let part = reading.transaction().await;
            for change in &part.changes {
                assert_eq!(describe(change), format!("insert {next}"));
                next += 1;
            }
            read.send_replace(next);
            // Confirming late makes the server repeat much.
            if let Some(end) = part.end_lsn.filter(|_| next % 1000 == 0) {
                confirm.confirm(end);
            }
        }
    };
    tokio::join!(writing, killing, reading);
    setup.end().await;
}

#[tokio::test]
async fn confirming_moves_the_slot() {
    let mut setup = Setup::new("create table t (id int primary key)").await;
    setup.options.status_interval = Duration::from_millis(20);
    let mut reading = setup.read().await;
    setup.run("insert into t values (1)").await;
    let transaction = reading.transaction().await;
    let end = transaction.end_lsn.unwrap();
    // What others wrote before it may be passed over, it may not.
    assert!(setup.slot().await.confirmed <= transaction.commit_lsn);
    reading.stream.confirm().confirm(end);
    wait_until(async || setup.slot().await.confirmed >= end).await;
    setup.end().await;
}

// RT-PG-12.
#[tokio::test]
async fn a_quiet_publication_holds_back_no_log() {
    let mut setup = Setup::new("create table t (id int primary key)").await;
    setup
        .run("drop publication p; create publication p for table t")
        .await;
    setup.run("create table other (id int)").await;
    setup.options.status_interval = Duration::from_millis(20);
    let mut reading = setup.read().await;
    setup
        .run("insert into other select generate_series(1, 10000)")
        .await;
    let present = setup.present().await;
    let neighbor = setup.db.connect().await;
    wait_until(async || {
        neighbor
            .batch_execute("insert into other values (1)")
            .await
            .unwrap();
        setup.slot().await.confirmed >= present
    })
    .await;
    // What waits for its confirmation is not passed over.
    setup.run("insert into t values (1)").await;
    let transaction = reading.transaction().await;
    setup
        .run("insert into other select generate_series(1, 10000)")
        .await;
    assert!(setup.slot().await.confirmed <= transaction.commit_lsn);
    setup.end().await;
}

#[tokio::test]
async fn a_consumer_that_waits_stops_the_reading() {
    let mut setup = Setup::new("create table t (id int primary key, fill text)").await;
    setup
        .run("alter table t alter fill set storage plain")
        .await;
    setup.options.queue = 2;
    let mut reading = setup.read().await;
    // 5,000 transactions, 35 MB: far more than queues and sockets hold.
    setup
        .run("do $$ begin for n in 1..5000 loop insert into t values (n, repeat('x', 7000)); commit; end loop; end $$")
        .await;
    let end = setup.present().await;
    let behind = async || {
        let sql =
            "select pg_wal_lsn_diff($1::text::pg_lsn, sent_lsn)::bigint from pg_stat_replication r
             join pg_replication_slots s on s.active_pid = r.pid where slot_name = $2";
        let row = setup
            .client
            .query_one(sql, &[&end.to_string(), &setup.options.slot])
            .await
            .unwrap();
        row.get::<_, i64>(0)
    };
    let mut last = i64::MAX;
    wait_until(async || {
        let now = behind().await;
        now == std::mem::replace(&mut last, now)
    })
    .await;
    assert!(last > 20_000_000, "{last}");
    for n in 1..=5000 {
        assert!(describe(&reading.change().await).starts_with(&format!("insert {n}|x")));
    }
    setup.end().await;
}

#[tokio::test]
async fn a_slot_that_was_dropped_is_reported() {
    let setup = Setup::new("create table t (id int primary key)").await;
    let mut reading = setup.read().await;
    Slot::drop(&setup.client, &setup.options.slot)
        .await
        .unwrap();
    loop {
        match reading.event().await {
            Event::Interrupted(_) => {}
            Event::SlotLost(SlotLoss::Missing) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(reading.stream.next().await.is_none());
    setup.end().await;
}

#[tokio::test]
async fn a_missing_publication_is_waited_for() {
    let setup = Setup::new("create table t (id int primary key)").await;
    setup.run("drop publication p").await;
    let mut stream = Stream::start(setup.options.clone(), &setup.tasks);
    let Some(Event::Interrupted(error)) = stream.next().await else {
        panic!("an error")
    };
    assert_eq!(error, Error::PublicationMissing("p".into()));
    assert!(error.needs_attention());
    setup.run("create publication p for all tables").await;
    let mut reading = Reading {
        stream,
        seen: VecDeque::new(),
    };
    loop {
        match reading.event().await {
            Event::Interrupted(_) => {}
            Event::Connected { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    setup.run("insert into t values (1)").await;
    assert_eq!(describe(&reading.change().await), "insert 1");
    setup.end().await;
}

// DB-PUB-02: templates drop the publication and create it anew.
#[tokio::test]
async fn a_publication_made_anew_does_not_block_the_stream() {
    let setup = Setup::new("create table t (id int primary key)").await;
    let mut reading = setup.read().await;
    setup.run("insert into t values (1)").await;
    assert_eq!(describe(&reading.change().await), "insert 1");
    setup.run("drop publication p").await;
    setup.run("insert into t values (2)").await;
    setup.run("create publication p for all tables").await;
    // From PostgreSQL 18 on the server passes over what it cannot decode by itself, with a warning in its log.
    let major = "select current_setting('server_version_num')::int / 10000";
    let major: i32 = setup.client.query_one(major, &[]).await.unwrap().get(0);
    if major < 18 {
        loop {
            match reading.event().await {
                Event::Skipped { .. } => break,
                Event::Interrupted(_) | Event::Connected { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        reading.connected().await;
    }
    setup.run("insert into t values (3)").await;
    assert_eq!(describe(&reading.change().await), "insert 3");
    setup.end().await;
}

#[tokio::test]
async fn messages_come_with_their_transaction_or_at_once() {
    let setup = Setup::new("create table t (id int primary key)").await;
    let mut reading = setup.read().await;
    setup
        .run("begin; insert into t values (1); select pg_logical_emit_message(true, 'passerelle', 'in'); insert into t values (2); commit")
        .await;
    let transaction = reading.transaction().await;
    let (before, message) = &transaction.messages[0];
    assert_eq!(
        (*before, message.prefix.as_str(), message.content.as_ref()),
        (1, "passerelle", b"in".as_slice())
    );
    setup
        .run("select pg_logical_emit_message(false, 'passerelle', 'out')")
        .await;
    let Event::Message(message) = reading.event().await else {
        panic!("a message")
    };
    assert_eq!(message.content.as_ref(), b"out");
    setup.end().await;
}

#[tokio::test]
async fn a_temporary_slot_ends_with_its_connection() {
    let mut setup = Setup::new("create table t (id int primary key)").await;
    setup.options.kind = SlotKind::Temporary;
    let mut reading = setup.read().await;
    setup.run("insert into t values (1)").await;
    assert_eq!(describe(&reading.change().await), "insert 1");
    setup.kill_walsender().await;
    let (_, fresh) = reading.connected().await;
    assert!(fresh);
    setup.run("insert into t values (2)").await;
    assert_eq!(describe(&reading.change().await), "insert 2");
    setup.end().await;
}

#[tokio::test]
async fn a_start_at_the_present_gives_up_what_the_slot_kept() {
    let mut setup = Setup::new("create table t (id int primary key)").await;
    let reading = setup.read().await;
    drop(reading);
    let tasks = std::mem::take(&mut setup.tasks);
    assert!(tasks.shut_down(PATIENCE).await);
    setup.run("insert into t values (1)").await;
    setup.options.start = Start::Present;
    let mut reading = setup.read().await;
    setup.run("insert into t values (2)").await;
    assert_eq!(describe(&reading.change().await), "insert 2");
    setup.end().await;
}

#[tokio::test]
async fn snapshot_and_stream_are_everything_once() {
    let setup = Setup::new("create table t (id int primary key)").await;
    setup.run("insert into t values (1)").await;
    let prepared = Stream::prepare(setup.options.clone()).await.unwrap();
    setup.run("insert into t values (2)").await;
    let snapshot = prepared.slot().snapshot.clone().expect("a snapshot");
    let reader = setup.db.connect().await;
    reader
        .batch_execute(&format!(
            "begin isolation level repeatable read; set transaction snapshot '{snapshot}'"
        ))
        .await
        .unwrap();
    let count: i64 = reader
        .query_one("select count(*) from t", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 1);
    let mut reading = Reading {
        stream: prepared.start(&setup.tasks),
        seen: VecDeque::new(),
    };
    assert!(reading.connected().await.1);
    assert_eq!(describe(&reading.change().await), "insert 2");
    setup.end().await;
}

/// Polls until `condition` holds.
async fn wait_until(mut condition: impl AsyncFnMut() -> bool) {
    let began = tokio::time::Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "it never happened");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
