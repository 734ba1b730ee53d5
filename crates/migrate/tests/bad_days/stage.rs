//! A source of one's own making and an empty target.

use std::sync::atomic::{AtomicUsize, Ordering};

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use migrate::ids::Seed;
use migrate::inspect::{self, inspect};
use migrate::plan::{IdPolicy, Wishes};
use migrate::run::{Event, Observer, Options, Report, Silent, run};
use migrate::{Error, Inventory, Plan, Source, Target};
use pg::Endpoint;
use testkit::Postgres;

/// A source and an empty target.
pub(crate) struct Stage {
    pub(crate) source: Endpoint,
    pub(crate) target: Endpoint,
}

/// The source's database goes with the server; its name is nobody else's.
static NAMES: AtomicUsize = AtomicUsize::new(0);

impl Stage {
    /// A source in this encoding, made by these statements.
    pub(crate) async fn of(encoding: &str, statements: &str) -> Self {
        let name = format!(
            "source_{}_{}",
            std::process::id(),
            NAMES.fetch_add(1, Ordering::Relaxed)
        );
        let target = empty_target().await;
        let admin = target.connect().await.unwrap();
        admin
            .batch_execute(&format!(
                "create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' template template0"
            ))
            .await
            .unwrap();
        let source = Postgres::shared().endpoint(&name);
        let client = source.connect().await.unwrap();
        client.batch_execute(statements).await.unwrap();
        Self { source, target }
    }

    /// The same source with another target.
    pub(crate) async fn beside(&self) -> Self {
        Self {
            source: self.source.clone(),
            target: empty_target().await,
        }
    }

    pub(crate) async fn source(&self) -> tokio_postgres::Client {
        self.source.connect().await.unwrap()
    }

    /// A superuser on the target.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        self.target.connect().await.unwrap()
    }

    pub(crate) async fn plan(&self) -> Plan {
        let source = Source::new(&self.source);
        let snapshot = source.snapshot().await.unwrap();
        let inventory = Inventory::read(snapshot.keeper()).await.unwrap();
        let found = inspect(snapshot.keeper(), &inventory, &inspect::Options::default())
            .await
            .unwrap();
        let wishes = Wishes {
            run: OsRandom.uuid(),
            ids: IdPolicy::Uuid,
        };
        Plan::make(&inventory, &found, &wishes).unwrap()
    }

    pub(crate) async fn run(&self, plan: &Plan, options: &Options) -> Result<Report, Error> {
        self.watched(plan, options, &Silent).await
    }

    pub(crate) async fn watched(
        &self,
        plan: &Plan,
        options: &Options,
        observer: &dyn Observer,
    ) -> Result<Report, Error> {
        let source = Source::new(&self.source);
        let target = loop {
            // The server notices a connection that went away a moment later.
            match Target::lock(&self.target).await {
                Err(Error::Locked { .. }) => tokio::task::yield_now().await,
                other => break other?,
            }
        };
        run(&source, &target, plan, &seed(), options, observer).await
    }

    /// Stopped at every event that the run tells of, one further each time, until it comes to its end.
    pub(crate) async fn run_interrupted(&self, plan: &Plan, options: &Options) -> Report {
        let mut stops = 0;
        for patience in 1.. {
            let alarm = Alarm::after(patience);
            let attempt = self.watched(plan, options, &alarm);
            tokio::select! {
                biased;
                () = alarm.rings.notified() => stops += 1,
                done = attempt => {
                    assert!(stops > 5, "{stops} stops");
                    return done.unwrap();
                }
            }
        }
        unreachable!("some attempt is patient enough")
    }

    /// Everything holds.
    pub(crate) async fn verify(&self, plan: &Plan) {
        let source = Source::new(&self.source);
        let target = Target::unlocked(&self.target);
        let verdict = migrate::verify::verify(&source, &target, plan)
            .await
            .unwrap();
        assert!(
            verdict.passes(),
            "{:#?}",
            verdict.failures().collect::<Vec<_>>()
        );
    }

    /// Every row of everything that a run writes, its accounts and refused rows included, times left out.
    pub(crate) async fn fingerprint(&self) -> Vec<(String, String)> {
        let client = self.client().await;
        let tables = client
            .query(
                "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in \
                 ('public', 'legacy_private', 'legacy_quarantine') or schemaname = 'auth' and tablename in \
                 ('users', 'identities') or schemaname = 'passerelle_migrate' and tablename in \
                 ('parts', 'rejects', 'users') order by 1",
                &[],
            )
            .await
            .unwrap();
        let mut all = Vec::new();
        for table in tables {
            let table: String = table.get(0);
            let own = if table == "auth.identities" {
                " - 'id'"
            } else {
                ""
            };
            let row = format!(
                "md5((to_jsonb(t) - 'migrated_at' - 'updated_at' - 'banned_until' - 'raw_app_meta_data' - 'finished_at' \
                 - 'digest'{own})::text)"
            );
            let query = format!(
                "select count(*) || ' ' || coalesce(md5(string_agg({row}, '' order by {row})), '') from {table} t"
            );
            all.push((table, client.query_one(&query, &[]).await.unwrap().get(0)));
        }
        all
    }
}

pub(crate) async fn empty_target() -> Endpoint {
    let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
    target.admin().clone()
}

/// The secret of every run here: the same ids each time.
pub(crate) fn seed() -> Seed {
    Seed::from_bytes(&[3; 32]).unwrap()
}

pub(crate) fn options() -> Options {
    Options {
        jobs: 2,
        split_bytes: 1 << 30,
        now: SystemClock.now(),
        until: None,
        max_rejects: None,
        max_user_failures: None,
        rejects: None,
    }
}

/// Rings at the given event.
struct Alarm {
    patience: AtomicUsize,
    rings: tokio::sync::Notify,
}

impl Alarm {
    fn after(events: usize) -> Self {
        Self {
            patience: AtomicUsize::new(events),
            rings: tokio::sync::Notify::new(),
        }
    }
}

impl Observer for Alarm {
    fn event(&self, _: Event<'_>) {
        if self.patience.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.rings.notify_one();
        }
    }
}
