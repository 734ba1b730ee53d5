//! The queue on a real PostgreSQL, its clock moved by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock as _, ManualClock, OsRandom, SharedRandom};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use jobs::{Failure, Handler, Handlers, Job, NewJob, Queue, Worker};
use pg::{Pool, PoolOptions};
use serde_json::json;
use testkit::{Postgres, TestDatabase};

struct House {
    database: TestDatabase,
    clock: Arc<ManualClock>,
    queue: Queue,
}

impl House {
    async fn new() -> Self {
        let database = Postgres::shared().database().await;
        let client = database.connect().await;
        let roles = "do $$ begin
            create role supabase_auth_admin; exception when duplicate_object or unique_violation then null; end $$;
            do $$ begin
            create role supabase_storage_admin; exception when duplicate_object or unique_violation then null; end $$;
            create schema passerelle;";
        client.batch_execute(roles).await.unwrap();
        for migration in jobs::SCHEMA.migrations {
            client.batch_execute(migration.sql).await.unwrap();
        }
        let options = PoolOptions {
            application_name: "jobs-test".into(),
            size: 16,
            acquire_timeout: Duration::from_secs(10),
        };
        let clock = Arc::new(ManualClock::starting_now());
        let queue = Queue::new(
            Pool::new(database.admin(), &options).unwrap(),
            clock.clone(),
        );
        Self {
            database,
            clock,
            queue,
        }
    }

    fn worker(&self, handler: impl Handler + 'static) -> Worker {
        let random: SharedRandom = Arc::new(OsRandom);
        Worker::new(
            self.queue.clone(),
            Handlers::from([("work", Arc::new(handler) as Arc<dyn Handler>)]),
            random,
        )
    }

    async fn enqueue(&self, job: NewJob) -> uuid::Uuid {
        self.queue
            .enqueue(&self.database.connect().await, job)
            .await
            .unwrap()
    }

    async fn state(&self, id: uuid::Uuid) -> String {
        let client = self.database.connect().await;
        client
            .query_one("select state from passerelle.jobs where id = $1", &[&id])
            .await
            .unwrap()
            .get(0)
    }
}

/// Counts what it is given; answers what it is told to.
#[derive(Clone, Default)]
struct Recorder {
    seen: Arc<Mutex<Vec<i64>>>,
    failures: Arc<AtomicUsize>,
}

impl Recorder {
    fn failing(times: usize) -> Self {
        Self {
            failures: Arc::new(AtomicUsize::new(times)),
            ..Self::default()
        }
    }
}

impl Handler for Recorder {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.seen
                .lock()
                .unwrap()
                .push(job.payload["n"].as_i64().unwrap());
            let left = self
                .failures
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
            if left.is_ok() {
                Err(Failure::Retry("not today".into()))
            } else {
                Ok(())
            }
        })
    }
}

/// Never answers.
struct Stuck;

impl Handler for Stuck {
    fn handle<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(std::future::pending())
    }
}

struct Refuses;

impl Handler for Refuses {
    fn handle<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Err(Failure::GiveUp("never".into())) })
    }
}

fn work(n: i64) -> NewJob {
    NewJob::new("work", json!({ "n": n }))
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_workers_do_every_job_once() {
    let house = House::new().await;
    for n in 0..200 {
        house.enqueue(work(n)).await;
    }
    let recorder = Recorder::default();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let worker = house.worker(recorder.clone());
        workers.spawn(async move { worker.run_due().await.unwrap() });
    }
    let attempts: usize = workers.join_all().await.iter().sum();
    assert_eq!(attempts, 200);
    let mut seen = recorder.seen.lock().unwrap().clone();
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_job_exists_exactly_when_its_transaction_was_committed() {
    let house = House::new().await;
    let mut client = house.database.connect().await;
    let transaction = client.transaction().await.unwrap();
    house.queue.enqueue(&transaction, work(1)).await.unwrap();
    transaction.rollback().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    house.queue.enqueue(&transaction, work(2)).await.unwrap();
    transaction.commit().await.unwrap();
    let recorder = Recorder::default();
    house.worker(recorder.clone()).run_due().await.unwrap();
    assert_eq!(*recorder.seen.lock().unwrap(), [2]);
}

#[tokio::test]
async fn a_service_role_enqueues_without_any_right_on_the_table() {
    let house = House::new().await;
    let client = house.database.connect().await;
    client
        .batch_execute("set role supabase_auth_admin")
        .await
        .unwrap();
    house.queue.enqueue(&client, work(1)).await.unwrap();
    let refused = client
        .batch_execute("select * from passerelle.jobs")
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_with_growing_pauses() {
    let house = House::new().await;
    let id = house.enqueue(work(1)).await;
    let recorder = Recorder::failing(2);
    let worker = house.worker(recorder.clone());
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(worker.run_due().await.unwrap(), 0);
    house.clock.advance(TimeDelta::milliseconds(2_500));
    assert_eq!(worker.run_due().await.unwrap(), 1);
    house.clock.advance(TimeDelta::milliseconds(2_500));
    assert_eq!(worker.run_due().await.unwrap(), 0);
    house.clock.advance(TimeDelta::milliseconds(2_500));
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(house.state(id).await, "done");
}

#[tokio::test]
async fn a_job_that_keeps_failing_is_kept_as_dead_and_can_be_retried() {
    let house = House::new().await;
    let id = house
        .enqueue(NewJob {
            max_attempts: 1,
            ..work(1)
        })
        .await;
    let worker = house.worker(Recorder::failing(1));
    worker.run_due().await.unwrap();
    let client = house.database.connect().await;
    let dead = client
        .query_one("select id, last_error from passerelle.dead_jobs", &[])
        .await
        .unwrap();
    assert_eq!(
        (dead.get::<_, uuid::Uuid>(0), dead.get::<_, String>(1)),
        (id, "not today".to_owned())
    );
    client
        .query_one("select passerelle.retry_job($1)", &[&id])
        .await
        .unwrap();
    worker.run_due().await.unwrap();
    assert_eq!(house.state(id).await, "done");
}

#[tokio::test]
async fn a_handler_can_give_up_at_once() {
    let house = House::new().await;
    let id = house.enqueue(work(1)).await;
    house.worker(Refuses).run_due().await.unwrap();
    assert_eq!(house.state(id).await, "dead");
}

#[tokio::test]
async fn a_vanished_workers_job_is_taken_again_after_its_lease() {
    let house = House::new().await;
    let id = house.enqueue(work(7)).await;
    let stuck = house.worker(Stuck);
    // Dropping the future is what a crash looks like to the queue.
    tokio::select! {
        _ = stuck.run_due() => panic!("it never ends"),
        () = async { while house.state(id).await != "running" {} } => {}
    }
    let recorder = Recorder::default();
    let worker = house.worker(recorder.clone());
    assert_eq!(worker.run_due().await.unwrap(), 0);
    house.clock.advance(TimeDelta::seconds(61));
    assert_eq!(worker.run_due().await.unwrap(), 1);
    assert_eq!(*recorder.seen.lock().unwrap(), [7]);
}

#[tokio::test]
async fn a_unique_key_waits_only_once() {
    let house = House::new().await;
    let keyed = || NewJob {
        unique_key: Some("k".into()),
        ..work(1)
    };
    let first = house.enqueue(keyed()).await;
    assert_eq!(house.enqueue(keyed()).await, first);
    house.worker(Recorder::default()).run_due().await.unwrap();
    assert_ne!(house.enqueue(keyed()).await, first);
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let house = House::new().await;
    let later = house.clock.now() + TimeDelta::hours(1);
    house
        .enqueue(NewJob {
            run_at: Some(later),
            ..work(1)
        })
        .await;
    let worker = house.worker(Recorder::default());
    assert_eq!(worker.run_due().await.unwrap(), 0);
    house.clock.advance(TimeDelta::hours(1));
    assert_eq!(worker.run_due().await.unwrap(), 1);
}
