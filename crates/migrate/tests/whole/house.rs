//! A source, a target, and what is looked at from outside the engine.

use std::sync::Mutex;

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use insight::labels;
use migrate::ids::Seed;
use migrate::inspect::{self, Inspection, inspect};
use migrate::plan::{Acknowledgement, IdPolicy, Wishes};
use migrate::run::{Event, Observer, Options, Report, rollback, run};
use migrate::{Error, Inventory, Name, Plan, Source, Target};
use testkit::{Postgres, TestDatabase};

/// A source of one's own making and an empty target.
pub(crate) struct House {
    pub(crate) source: TestDatabase,
    pub(crate) target: TestDatabase,
}

/// What a run warned about: code, object, sentence.
#[derive(Default)]
pub(crate) struct Warnings(Mutex<Vec<(&'static str, String, String)>>);

impl Warnings {
    /// Codes and objects, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|(code, object, _)| format!("{code} {object}"))
            .collect();
        told.sort();
        told
    }
}

impl Observer for Warnings {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning { code, object, text } = event {
            self.0.lock().unwrap().push((code, object, text));
        }
    }
}

impl House {
    pub(crate) async fn of(sql: &str) -> Self {
        let source = Postgres::shared().database().await;
        let client = source.connect().await;
        if let Err(error) = client.batch_execute(sql).await {
            panic!("the source does not load: {error:?}");
        }
        client.batch_execute("analyze").await.unwrap();
        let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
        Self { source, target }
    }

    /// What an inspection finds, the users table named where it must be.
    pub(crate) async fn inspect(&self, users: Option<&str>) -> Inspection {
        self.look(users).await.unwrap().1
    }

    /// What the source holds.
    pub(crate) async fn inventory(&self) -> Inventory {
        self.look(None).await.unwrap().0
    }

    /// A plan, with the users table named where it must be.
    pub(crate) async fn plan(&self, users: Option<&str>) -> Result<Plan, Error> {
        let (inventory, found) = self.look(users).await?;
        let wishes = Wishes {
            run: OsRandom.uuid(),
            ids: IdPolicy::Uuid,
        };
        Plan::make(&inventory, &found, &wishes)
    }

    async fn look(&self, users: Option<&str>) -> Result<(Inventory, Inspection), Error> {
        let source = Source::new(self.source.admin());
        let snapshot = source.snapshot().await?;
        let inventory = Inventory::read(snapshot.keeper()).await?;
        let options = inspect::Options {
            users: users.map(|users| Name::parse(users).unwrap()),
            // A test machine may be busy; a probe that is cut off would change the outcome.
            probe_timeout: std::time::Duration::from_secs(120),
            ..inspect::Options::default()
        };
        let found = inspect(snapshot.keeper(), &inventory, &options).await?;
        Ok((inventory, found))
    }

    pub(crate) async fn lock(&self) -> Target {
        loop {
            // The server notices a connection that went away a moment later.
            match Target::lock(self.target.admin()).await {
                Err(Error::Locked { .. }) => tokio::task::yield_now().await,
                other => return other.unwrap(),
            }
        }
    }

    pub(crate) async fn run(&self, plan: &Plan, warnings: &Warnings) -> Result<Report, Error> {
        let source = Source::new(self.source.admin());
        let target = self.lock().await;
        let seed = Seed::from_bytes(&[3; 32]).unwrap();
        let options = Options {
            jobs: 2,
            split_bytes: 1 << 30,
            now: SystemClock.now(),
            until: None,
            max_rejects: None,
            max_user_failures: None,
            rejects: None,
        };
        run(&source, &target, plan, &seed, &options, warnings).await
    }

    /// What of the engine's own verification fails.
    pub(crate) async fn failures(&self, plan: &Plan) -> Vec<String> {
        let source = Source::new(self.source.admin());
        let target = Target::unlocked(self.target.admin());
        let verdict = migrate::verify::verify(&source, &target, plan)
            .await
            .unwrap();
        verdict
            .failures()
            .map(|check| format!("{} {}: {}", check.id, check.object, check.detail))
            .collect()
    }

    pub(crate) async fn roll_back(&self, plan: &Plan) {
        let target = self.lock().await;
        rollback(&target, plan.run, "S01").await.unwrap();
    }

    /// Everything that has a name in the target, with owner and privileges.
    pub(crate) async fn catalog(&self) -> Vec<String> {
        let client = self.target.connect().await;
        let rows = client
            .query(include_str!("../catalog.sql"), &[])
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Every row of everything that a run writes, and the catalog.
    pub(crate) async fn fingerprint(&self) -> Vec<String> {
        let client = self.target.connect().await;
        let tables = client
            .query(include_str!("written.sql"), &[])
            .await
            .unwrap();
        let mut all = self.catalog().await;
        for table in tables {
            let table: String = table.get(0);
            let query = format!(
                "select count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from {table} t"
            );
            let row = client.query_one(&query, &[]).await.unwrap();
            all.push(format!("rows of {table} {}", row.get::<_, String>(0)));
        }
        all
    }

    /// What the auth server has of everybody.
    pub(crate) async fn people(&self) -> People {
        let client = self.target.connect().await;
        let row = client
            .query_one(include_str!("people.sql"), &[])
            .await
            .unwrap();
        People {
            all: row.get(0),
            with_password: row.get(1),
            with_identity: row.get(2),
            banned: row.get(3),
            addresses: row.get(4),
        }
    }

    /// Whether the labelled columns hold the new ids of the same users as before, counted without the engine.
    pub(crate) async fn strangers(&self, sql: &str, plan: &Plan) -> Vec<String> {
        let source = self.source.connect().await;
        let target = self.target.connect().await;
        let mut strange = Vec::new();
        let wanted = ["declared", "undeclared", "chain", "composite"];
        for label in labels(sql).iter().filter(|it| wanted.contains(&it.kind)) {
            let (table, column) = label.target.rsplit_once(".\"").map_or_else(
                || label.target.rsplit_once('.').unwrap(),
                |(table, column)| (table, &label.target[table.len() + 1..][..=column.len()]),
            );
            let moved = plan.tables.iter().any(|it| {
                it.action == migrate::plan::TableAction::Copy
                    && it.name == Name::parse(table).unwrap()
            });
            if !moved {
                continue;
            }
            let known: Vec<String> = target
                .query("select old_user_id::text from public.user_id_mapping", &[])
                .await
                .unwrap()
                .iter()
                .map(|row| row.get(0))
                .collect();
            let old = format!("select {column}::text, count(*) from {table} group by 1");
            let name = Name::parse(table).unwrap();
            let aside = if name.schema == "public" {
                name.name
            } else {
                format!("{}.{}", name.schema, name.name)
            };
            let aside = Name::new("legacy_quarantine", aside).quoted().to_string();
            let there: bool = target
                .query_one("select to_regclass($1) is not null", &[&aside])
                .await
                .unwrap()
                .get(0);
            let quarantined = if there {
                format!("union all select q.{column}::text from {aside} q")
            } else {
                String::new()
            };
            let new = format!(
                "select id, count(*) from (select m.old_user_id::text as id from {table} t \
                 join public.user_id_mapping m on m.supabase_user_id = t.{column} {quarantined}) all_of_them group by 1"
            );
            let read = async |client: &tokio_postgres::Client, sql: &str| {
                let rows = client.query(sql, &[]).await;
                rows.map(|rows| {
                    let mut rows: Vec<(String, i64)> = rows
                        .iter()
                        .filter_map(|row| Some((row.get::<_, Option<String>>(0)?, row.get(1))))
                        .filter(|(id, _)| known.contains(id))
                        .collect();
                    rows.sort();
                    rows
                })
            };
            let before = read(&source, &old).await.unwrap();
            match read(&target, &new).await {
                Ok(after) if after == before => {}
                Ok(after) => {
                    strange.push(format!("{}: {before:?} became {after:?}", label.target));
                }
                Err(error) => strange.push(format!("{}: {error:?}", label.target)),
            }
        }
        strange
    }
}

/// Accepts what the plan proposes and what stands in the way.
pub(crate) fn accept(plan: &mut Plan) {
    plan.accept_defaults();
    for it in plan.blockers.values_mut() {
        *it = Acknowledgement::Accept;
    }
}

/// What the plan asks, a line each.
pub(crate) fn asked(plan: &Plan) -> Vec<String> {
    let questions = plan.questions();
    questions
        .iter()
        .map(|it| format!("{} {}", it.line, it.object))
        .collect()
}

/// One whole migration: the outcome of everything that is looked at.
pub(crate) struct Whole {
    /// What the plan asked.
    pub(crate) asked: Vec<String>,
    /// What the run warned about.
    pub(crate) told: Vec<String>,
    /// Who can sign in.
    pub(crate) people: People,
}

/// What the auth server has of everybody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct People {
    /// All.
    pub(crate) all: i64,
    /// With a password.
    pub(crate) with_password: i64,
    /// With an identity for it.
    pub(crate) with_identity: i64,
    /// Locked out.
    pub(crate) banned: i64,
    /// The addresses, made-up ones left out.
    pub(crate) addresses: Vec<String>,
}

/// MIG-GEN-02, MIG-GEN-04, MIG-GEN-05, MIG-RBK-02: plans with the decisions, runs, verifies, runs again, takes back.
/// Panics with everything that does not hold.
pub(crate) async fn migrate_whole(
    sql: &str,
    users: Option<&str>,
    decide: impl Fn(&mut Plan),
) -> Whole {
    let house = House::of(sql).await;
    let mut plan = house.plan(users).await.unwrap();
    let asked = asked(&plan);
    decide(&mut plan);
    accept(&mut plan);
    let before = house.catalog().await;
    let warnings = Warnings::default();
    let report = house.run(&plan, &warnings).await;
    let report = report.unwrap_or_else(|error| panic!("{error:?}\n{}", plan.render()));
    let mut wrong: Vec<String> = report
        .tables
        .iter()
        .filter(|table| !table.balances())
        .map(|table| format!("{table:?}"))
        .collect();
    wrong.extend(house.failures(&plan).await);
    wrong.extend(house.strangers(sql, &plan).await);
    let people = house.people().await;
    let after = house.fingerprint().await;
    house.run(&plan, &Warnings::default()).await.unwrap();
    wrong.extend(differences(
        "after a second run",
        &after,
        &house.fingerprint().await,
    ));
    house.roll_back(&plan).await;
    wrong.extend(differences(
        "after the rollback",
        &before,
        &house.catalog().await,
    ));
    let client = house.target.connect().await;
    let left = client
        .query_one("select count(*) from auth.users", &[])
        .await
        .unwrap();
    if left.get::<_, i64>(0) != 0 {
        wrong.push("users are left after the rollback".to_owned());
    }
    let told = warnings.told();
    assert!(
        wrong.is_empty(),
        "{}\nasked: {asked:#?}\ntold: {told:#?}",
        wrong.join("\n")
    );
    Whole {
        asked,
        told,
        people,
    }
}

fn differences(when: &str, before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !after.contains(line));
    let new = after.iter().filter(|line| !before.contains(line));
    gone.map(|line| format!("{when}: - {line}"))
        .chain(new.map(|line| format!("{when}: + {line}")))
        .collect()
}
