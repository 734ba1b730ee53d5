//! The ways to run a caller's transaction, side by side: `cargo bench -p pg`.
//!
//! One PostgREST-shaped read under row security: seven settings, the role among them, and ten rows as JSON.
//! All ways take turns in one run, so that what the machine does meanwhile meets all of them alike.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use nix::sys::resource::{UsageWho, getrusage};
use pg::{Endpoint, Isolation, RequestOptions, RequestTx, Requests, Statement};
use tokio_postgres::Client;

const TURN: Duration = Duration::from_millis(800);
const ROUNDS: usize = 5;
const QUERY: &str = "select coalesce(json_agg(t), '[]')::text from \
    (select id, title, done from task where id > $1::int order by id limit 10) t";
const SETTINGS: [(&str, &str); 7] = [
    ("role", "bench_user"),
    (
        "request.jwt.claims",
        r#"{"sub":"7f5b1d9c-8b1f-4a53-9d0e-0d9f2f1c1f11","role":"bench_user","aud":"authenticated","exp":1999999999}"#,
    ),
    ("request.method", "GET"),
    ("request.path", "/rest/v1/task"),
    (
        "request.headers",
        r#"{"host":"localhost:8000","accept":"application/json","user-agent":"supabase-js/2"}"#,
    ),
    ("request.cookies", "{}"),
    ("search_path", "public"),
];

/// A way to run the transaction; each value owns the connections of one worker.
enum Way {
    /// BEGIN, set_config, query, COMMIT, each waited for.
    RoundTrips(Client, Prepared),
    /// The same four, sent together, with a `Sync` each.
    Pipelined(Client, Prepared),
    /// One `Sync`; implicit transaction, explicit one, or without names: by options and isolation.
    OneSync(Requests, RequestTx),
}

struct Prepared {
    begin: tokio_postgres::Statement,
    set: tokio_postgres::Statement,
    query: tokio_postgres::Statement,
    commit: tokio_postgres::Statement,
}

const NAMES: [&str; 5] = [
    "tokio-postgres, 4 round trips",
    "tokio-postgres, 4 at once (4 Syncs)",
    "one Sync, implicit transaction",
    "one Sync, BEGIN … COMMIT",
    "one Sync, unnamed (pooler mode)",
];

impl Way {
    async fn new(kind: usize, endpoint: &Endpoint) -> Self {
        let options = RequestOptions {
            size: 1,
            pooler_mode: kind == 4,
            ..RequestOptions::default()
        };
        match kind {
            0 => {
                let client = endpoint.connect().await.expect("the cluster accepts");
                let prepared = Prepared::new(&client).await;
                Self::RoundTrips(client, prepared)
            }
            1 => {
                let client = endpoint.connect().await.expect("the cluster accepts");
                let prepared = Prepared::new(&client).await;
                Self::Pipelined(client, prepared)
            }
            kind => {
                let isolation = if kind == 3 {
                    Isolation::RepeatableRead
                } else {
                    Isolation::default()
                };
                Self::OneSync(Requests::new(endpoint, &options), request(isolation))
            }
        }
    }

    async fn once(&self) {
        match self {
            Self::RoundTrips(client, prepared) => {
                client.execute(&prepared.begin, &[]).await.expect("begin");
                client.query(&prepared.set, &[]).await.expect("settings");
                let rows = client.query(&prepared.query, &[&0]).await.expect("query");
                assert!(rows[0].get::<_, &str>(0).len() > 2);
                client.execute(&prepared.commit, &[]).await.expect("commit");
            }
            Self::Pipelined(client, prepared) => {
                let (.., rows, _) = tokio::try_join!(
                    async { client.execute(&prepared.begin, &[]).await },
                    async { client.query(&prepared.set, &[]).await },
                    async { client.query(&prepared.query, &[&0]).await },
                    async { client.execute(&prepared.commit, &[]).await },
                )
                .expect("all four");
                assert!(rows[0].get::<_, &str>(0).len() > 2);
            }
            Self::OneSync(requests, tx) => {
                let results = requests.run(tx.clone()).await.expect("the request");
                assert!(results[0].rows[0].text(0).expect("json").len() > 2);
            }
        }
    }
}

impl Prepared {
    async fn new(client: &Client) -> Self {
        let list: Vec<String> = SETTINGS
            .iter()
            .map(|(name, value)| {
                format!("set_config('{name}', {}, true)", sql::quote_literal(value))
            })
            .collect();
        Self {
            begin: client.prepare("begin").await.expect("begin"),
            set: client
                .prepare(&format!("select {}", list.join(", ")))
                .await
                .expect("settings"),
            query: client.prepare(QUERY).await.expect("query"),
            commit: client.prepare("commit").await.expect("commit"),
        }
    }
}

fn request(isolation: Isolation) -> RequestTx {
    RequestTx {
        role: SETTINGS[0].1.into(),
        settings: SETTINGS[1..]
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        statements: vec![Statement::new(QUERY, vec![Some("0".into())])],
        isolation,
        ..RequestTx::default()
    }
}

/// Transactions a second and microseconds of our own CPU for each.
async fn turn(ways: &[Way]) -> (f64, f64) {
    let stop = AtomicBool::new(false);
    let done = AtomicU64::new(0);
    let (cpu, start) = (cpu_seconds(), Instant::now());
    let work = join_all(ways.iter().map(|way| async {
        while !stop.load(Ordering::Relaxed) {
            way.once().await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let timer = async {
        tokio::time::sleep(TURN).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(work, timer);
    let (seconds, used) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of transactions is far below 2^52"
    )]
    let count = done.load(Ordering::Relaxed) as f64;
    (count / seconds, used * 1e6 / count)
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the system counts");
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds and microseconds of one process"
    )]
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn prepare() -> Endpoint {
    let database = testkit::Postgres::shared().database().await;
    let admin = database.connect().await;
    let world = "create role bench_authenticator login noinherit; create role bench_user; \
        grant bench_user to bench_authenticator; \
        create table task (id int primary key, owner text not null, title text not null, done bool not null); \
        insert into task select g, '7f5b1d9c-8b1f-4a53-9d0e-0d9f2f1c1f11', 'task ' || g, g % 3 = 0 from generate_series(1, 1000) g; \
        alter table task enable row level security; grant select on task to bench_user; \
        create policy own on task using (owner = (select current_setting('request.jwt.claims')::json ->> 'sub')); \
        analyze task";
    admin
        .batch_execute(world)
        .await
        .expect("the database can be prepared");
    database.admin().with_login("bench_authenticator", "")
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let endpoint = Arc::new(prepare().await);
    for connections in [1, 16] {
        let mut ways = Vec::new();
        for kind in 0..NAMES.len() {
            let workers =
                (0..connections).map(|_| async { Ok::<_, ()>(Way::new(kind, &endpoint).await) });
            ways.push(try_join_all(workers).await.expect("connections"));
        }
        let mut figures = vec![(Vec::new(), Vec::new()); NAMES.len()];
        for _ in 0..ROUNDS {
            for (ways, figures) in ways.iter().zip(&mut figures) {
                let (rate, cpu) = turn(ways).await;
                figures.0.push(rate);
                figures.1.push(cpu);
            }
        }
        println!("{connections} connection(s), medians of {ROUNDS}:");
        let base = median(figures[0].0.clone());
        for (name, (rates, cpus)) in NAMES.iter().zip(figures) {
            let rate = median(rates);
            println!(
                "  {name:36} {rate:8.0} tx/s  x {:4.2}  client CPU {:5.1} µs/tx",
                rate / base,
                median(cpus)
            );
        }
    }
}
