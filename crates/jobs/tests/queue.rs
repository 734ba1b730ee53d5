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
            acquire_timeout: Duration::from_secs(120),
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

    async fn attempts(&self, id: uuid::Uuid) -> i32 {
        let client = self.database.connect().await;
        client
            .query_one("select attempts from passerelle.jobs where id = $1", &[&id])
            .await
            .unwrap()
            .get(0)
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

/// Waits for a permit to go on.
#[derive(Clone)]
struct Gated(Arc<tokio::sync::Semaphore>, Recorder);

impl Handler for Gated {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if job.payload["n"] == 1 {
                self.0.acquire().await.unwrap().forget();
            }
            self.1.handle(job).await
        })
    }
}

struct Panics;

impl Handler for Panics {
    fn handle<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        panic!("on purpose")
    }
}

impl House {
    /// Waits for what happens in the background.
    async fn until(&self, id: uuid::Uuid, state: &str) {
        let began = tokio::time::Instant::now();
        while self.state(id).await != state {
            let patient = began.elapsed() < Duration::from_secs(120);
            assert!(patient, "the job never was {state}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_running_worker_is_woken_is_not_held_up_and_stops_when_its_work_is_done() {
    let house = House::new().await;
    let tasks = base::Tasks::new();
    let listener = pg::Listener::start(house.database.admin(), &[Worker::CHANNEL], &tasks);
    let mut heard = listener.subscribe();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let recorder = Recorder::default();
    house
        .worker(Gated(gate.clone(), recorder.clone()))
        .with_concurrency(2)
        .start(&listener, &tasks);
    heard.recv().await.unwrap();

    let slow = house.enqueue(work(1)).await;
    house.until(slow, "running").await;
    // One job under way does not keep others waiting.
    let quick = house.enqueue(work(2)).await;
    house.until(quick, "done").await;
    assert_eq!(house.state(slow).await, "running");

    // The soft stop lets it finish and takes nothing new.
    let stopping = tasks.clone();
    let stop = async move { stopping.shut_down(Duration::from_secs(60)).await };
    let (polite, late) = tokio::join!(stop, async {
        tasks.soft().cancelled().await;
        let late = house.enqueue(work(3)).await;
        gate.add_permits(1);
        late
    });
    assert!(polite);
    assert_eq!(house.state(slow).await, "done");
    assert_eq!(house.state(late).await, "waiting");
    assert_eq!(*recorder.seen.lock().unwrap(), [2, 1]);
}

#[tokio::test]
async fn a_handler_that_panics_has_failed_like_any_other() {
    let house = House::new().await;
    let id = house.enqueue(work(1)).await;
    assert_eq!(house.worker(Panics).run_due().await.unwrap(), 1);
    assert_eq!(house.state(id).await, "waiting");
    house.clock.advance(TimeDelta::seconds(3));
    house.worker(Recorder::default()).run_due().await.unwrap();
    assert_eq!(house.state(id).await, "done");
}

#[tokio::test]
async fn a_worker_that_comes_back_late_does_not_decide_over_the_next_attempt() {
    let house = House::new().await;
    let id = house.enqueue(work(1)).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let late = house.worker(Gated(gate.clone(), Recorder::default()));
    let stuck = house.worker(Stuck);
    tokio::join!(
        async {
            late.run_due().await.unwrap();
        },
        async {
            house.until(id, "running").await;
            house.clock.advance(TimeDelta::seconds(61));
            tokio::select! {
                _ = stuck.run_due() => panic!("it never ends"),
                () = async { while house.attempts(id).await < 2 {} } => {}
            }
            gate.add_permits(1);
        }
    );
    assert_eq!(house.state(id).await, "running");
}

#[tokio::test]
async fn a_job_whose_worker_vanishes_on_the_last_attempt_is_dead() {
    let house = House::new().await;
    let id = house
        .enqueue(NewJob {
            max_attempts: 1,
            ..work(1)
        })
        .await;
    let stuck = house.worker(Stuck);
    tokio::select! {
        _ = stuck.run_due() => panic!("it never ends"),
        () = house.until(id, "running") => {}
    }
    house.clock.advance(TimeDelta::seconds(61));
    assert_eq!(
        house.worker(Recorder::default()).run_due().await.unwrap(),
        0
    );
    assert_eq!(house.state(id).await, "dead");
}

#[tokio::test]
async fn a_dead_job_is_not_retried_beside_its_successor() {
    let house = House::new().await;
    let keyed = || NewJob {
        unique_key: Some("k".into()),
        ..work(1)
    };
    let dead = house.enqueue(keyed()).await;
    house.worker(Refuses).run_due().await.unwrap();
    let successor = house.enqueue(keyed()).await;
    let client = house.database.connect().await;
    let retry = async || -> bool {
        client
            .query_one("select passerelle.retry_job($1)", &[&dead])
            .await
            .unwrap()
            .get(0)
    };
    assert!(!retry().await);
    house.worker(Recorder::default()).run_due().await.unwrap();
    assert_eq!(house.state(successor).await, "done");
    assert!(retry().await);
    assert!(!retry().await);
}

#[tokio::test]
async fn eight_at_once_make_one_job_of_a_key() {
    let house = House::new().await;
    let keyed = || NewJob {
        unique_key: Some("k".into()),
        ..work(1)
    };
    let ids = futures_util::future::join_all((0..8).map(|_| house.enqueue(keyed()))).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn jobs_of_a_kind_nobody_here_knows_are_left_to_others() {
    let house = House::new().await;
    let id = house.enqueue(NewJob::new("other", json!({}))).await;
    assert_eq!(
        house.worker(Recorder::default()).run_due().await.unwrap(),
        0
    );
    assert_eq!(house.state(id).await, "waiting");
}
