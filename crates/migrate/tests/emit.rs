//! The emitted scripts, applied as a person applies them: they end where a run ends (MIG-ART-11).
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it saw"
)]

use std::path::Path;
use std::process::{Command, Output};

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use insight::{Size, Variant};
use migrate::copy::OrphanPolicy;
use migrate::emit::{self, artefacts, write};
use migrate::ids::Seed;
use migrate::inspect::{self, inspect};
use migrate::plan::{Decision, IdPolicy, ReferenceKind, TableAction, Wishes};
use migrate::run::{Options, Silent, run};
use migrate::{Inventory, Plan, Source, Target};
use testkit::{Postgres, TestDatabase};

/// The application on its own, a target for a run, and a database that holds the application beside `auth`.
struct Stage {
    source: TestDatabase,
    target: TestDatabase,
    place: TestDatabase,
    plan: Plan,
    inventory: Inventory,
    files: tempfile::TempDir,
}

/// What there is to be moved.
#[derive(Clone, Copy, PartialEq)]
enum Application {
    Insight,
    Notes,
}

/// The columns of the notes that hold ids of users, whatever the inspection is sure of.
const DECIDED: [&str; 4] = ["user_id", "shared_with", "extra", "edited_by"];

impl Stage {
    async fn set(application: Application, ids: IdPolicy) -> Self {
        let source = Postgres::shared().database().await;
        let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
        let place = Postgres::shared().supabase(&[auth::SCHEMA]).await;
        for database in [&source, &place] {
            let mut client = database.connect().await;
            match application {
                Application::Insight => {
                    insight::generate(&mut client, Variant::A, Size::S, 1, &mut |_, _| ())
                        .await
                        .unwrap();
                }
                Application::Notes => client
                    .batch_execute(include_str!("emitted_source.sql"))
                    .await
                    .unwrap(),
            }
        }
        let snapshot = Source::new(source.admin()).snapshot().await.unwrap();
        let inventory = Inventory::read(snapshot.keeper()).await.unwrap();
        let found = inspect(snapshot.keeper(), &inventory, &inspect::Options::default())
            .await
            .unwrap();
        let wishes = Wishes {
            run: OsRandom.uuid(),
            ids,
        };
        let mut plan = Plan::make(&inventory, &found, &wishes).unwrap();
        for reference in &mut plan.references {
            if application == Application::Notes && DECIDED.contains(&reference.column.as_str()) {
                reference.decision = Decision::Include;
                reference.orphan_policy = OrphanPolicy::Quarantine;
            }
        }
        plan.accept_defaults();
        for answer in plan.blockers.values_mut() {
            *answer = migrate::plan::Acknowledgement::Accept;
        }
        let files = tempfile::tempdir().unwrap();
        let all = artefacts(&plan, &inventory, &emit::Options::default()).unwrap();
        write(&all, files.path(), false, SystemClock.now()).unwrap();
        Self {
            source,
            target,
            place,
            plan,
            inventory,
            files,
        }
    }

    async fn run(&self, target: &TestDatabase, until: Option<&str>) {
        let options = Options {
            jobs: 2,
            split_bytes: 1 << 30,
            now: SystemClock.now(),
            until: until.map(str::to_owned),
            max_rejects: None,
            max_user_failures: None,
            rejects: None,
        };
        let seed = Seed::from_bytes(&[5; 32]).unwrap();
        let source = Source::new(self.source.admin());
        let target = Target::lock(target.admin()).await.unwrap();
        run(&source, &target, &self.plan, &seed, &options, &Silent)
            .await
            .unwrap();
    }

    fn psql(&self, script: &str) -> Output {
        let mut command = Command::new(testkit::program("psql"));
        command
            .envs(self.place.admin().libpq_environment())
            .args(["--no-psqlrc", "-f"])
            .arg(self.files.path().join("scripts/sql").join(script));
        command.output().unwrap()
    }

    /// Applies a script; what it said.
    fn apply(&self, script: &str) -> String {
        let output = self.psql(script);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{script}: {said}");
        assert!(!said.contains("WARNING"), "{script}: {said}");
        said
    }

    /// Rows, types, keys, indexes, policies, privileges and publication of everything that the plan makes.
    async fn state(&self, database: &TestDatabase) -> Vec<String> {
        let client = database.connect().await;
        let mut lines = Vec::new();
        for table in self.plan.made_tables() {
            // What a run leaves behind stays where it is in place: nothing is deleted.
            if table.action == TableAction::Empty {
                continue;
            }
            let name = table.name.quoted();
            let sql = format!("select to_jsonb(t)::text from {name} t order by 1");
            for row in client.query(&sql, &[]).await.unwrap() {
                lines.push(format!("{name} {}", row.get::<_, &str>(0)));
            }
        }
        let sql = "select to_jsonb(t)::text from legacy_private.users t order by 1";
        for row in client.query(sql, &[]).await.unwrap() {
            lines.push(row.get(0));
        }
        for row in client
            .query(include_str!("emitted.sql"), &[])
            .await
            .unwrap()
        {
            lines.push(row.get(0));
        }
        lines
    }
}

const SCRIPTS: [&str; 4] = [
    "01_create_mapping_table.sql",
    "02_migrate_data_to_uuid.sql",
    "03_setup_rls_policies.sql",
    "04_enable_realtime.sql",
];

async fn the_scripts_end_where_a_run_ends(application: Application, ids: IdPolicy) {
    let stage = Stage::set(application, ids).await;
    stage.run(&stage.target, None).await;
    let expected = stage.state(&stage.target).await;

    // The users phase is the engine's; it fills the table that 01 made.
    stage.apply(SCRIPTS[0]);
    stage.run(&stage.place, Some("S03")).await;
    for script in SCRIPTS {
        stage.apply(script);
    }
    let found = stage.state(&stage.place).await;
    assert_same(&found, &expected);

    // MIG-ART-02: again, and nothing changes.
    for script in SCRIPTS {
        let said = stage.apply(script);
        if script.starts_with("02") {
            assert!(said.contains("nothing to do"), "{said}");
            assert!(said.contains("public.users"), "{said}");
        }
    }
    assert_same(&stage.state(&stage.place).await, &expected);
}

fn assert_same(found: &[String], expected: &[String]) {
    let missing: Vec<_> = expected.iter().filter(|it| !found.contains(it)).collect();
    let surplus: Vec<_> = found.iter().filter(|it| !expected.contains(it)).collect();
    assert!(
        missing.is_empty() && surplus.is_empty() && found.len() == expected.len(),
        "missing: {missing:#?}\nsurplus: {surplus:#?}"
    );
}

// MIG-ART-01, MIG-ART-02, MIG-ART-03, MIG-ART-04, MIG-ART-11
#[tokio::test]
async fn the_four_scripts_do_to_the_clean_application_what_a_run_does() {
    the_scripts_end_where_a_run_ends(Application::Insight, IdPolicy::Uuid).await;
}

// MIG-GEN-08: the old numbers stay beside the new ids.
#[tokio::test]
async fn the_old_numbers_can_be_kept_beside_the_new_ids() {
    the_scripts_end_where_a_run_ends(Application::Insight, IdPolicy::Both).await;
}

// MIG-ART-02, MIG-REF-01, MIG-REF-06, MIG-DEP-03, MIG-SEC-04: arrays, documents, rows of nobody, views, triggers, functions,
// and a table's name that would like to be SQL.
#[tokio::test]
async fn everything_that_depends_on_old_ids_is_carried_along() {
    let stage = Stage::set(Application::Notes, IdPolicy::Uuid).await;
    for (column, kind) in [
        ("user_id", ReferenceKind::Column),
        ("edited_by", ReferenceKind::Column),
        ("shared_with", ReferenceKind::Array),
        ("extra", ReferenceKind::Json),
    ] {
        let found =
            stage.plan.references.iter().any(|it| {
                it.column == column && it.kind == kind && it.decision == Decision::Include
            });
        assert!(found, "{column}: {}", stage.plan.render());
    }
    stage.run(&stage.target, None).await;
    let expected = stage.state(&stage.target).await;
    stage.apply(SCRIPTS[0]);
    stage.run(&stage.place, Some("S03")).await;
    for script in SCRIPTS.iter().chain(&SCRIPTS) {
        stage.apply(script);
    }
    assert_same(&stage.state(&stage.place).await, &expected);
    let client = stage.place.connect().await;
    let sql = "select (select count(*) from legacy_quarantine.\"Notes; drop table users; --\" where passerelle_reason = 'edited_by: no such user'), \
         (select sum(notes)::int8 from public.notes_by_user), public.notes_of(2), \
         (select count(*) from public.\"Notes; drop table users; --\" where edited_at is not null)";
    let row = client.query_one(sql, &[]).await.unwrap();
    let seen: Vec<i64> = (0..4).map(|place| row.get(place)).collect();
    assert_eq!(seen, [3, 297, 8, 0]);
}

// MIG-ART-02: guarded; a row of nobody, or a user without a new id, stops it before anything changes.
#[tokio::test]
async fn an_incomplete_mapping_stops_the_conversion_before_it_begins() {
    let stage = Stage::set(Application::Insight, IdPolicy::Uuid).await;
    stage.apply(SCRIPTS[0]);
    let refused = |what: &str| {
        let output = stage.psql(SCRIPTS[1]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(what), "{said}");
    };
    refused("public.users: users without a new id: 5");
    stage.run(&stage.place, Some("S03")).await;
    let client = stage.place.connect().await;
    client
        .batch_execute("delete from public.user_id_mapping where old_user_id = (select max(old_user_id) from public.user_id_mapping)")
        .await
        .unwrap();
    refused("public.users: users without a new id: 1");
    let sql = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.users'::regclass and attname = 'id'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "integer");
}

// MIG-ART-04, MIG-PRE-10: a table that lost its key is refused.
#[tokio::test]
async fn a_table_without_a_key_is_not_published() {
    let stage = Stage::set(Application::Insight, IdPolicy::Uuid).await;
    let client = stage.place.connect().await;
    client
        .batch_execute("alter table public.watch_history drop constraint watch_history_pkey")
        .await
        .unwrap();
    let output = stage.psql(SCRIPTS[3]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("no primary key"),
        "{said}"
    );
    let sql = "select count(*) from pg_publication_tables where pubname = 'supabase_realtime'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

// MIG-ART-05: a dry run unless told otherwise; MIGRATE must be typed.
#[test]
fn the_users_script_asks_before_it_does_anything() {
    let dir = tempfile::tempdir().unwrap();
    let template = include_str!("../src/emit/templates/migrate_users_to_supabase.sh");
    let script = dir.path().join("scripts/users.sh");
    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    std::fs::write(&script, template).unwrap();
    let called = dir.path().join("called");
    let program = dir.path().join("passerelle");
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho \"$DRY_RUN $*\" > {}\n", called.display()),
    )
    .unwrap();
    make_executable(&program);
    let call = |dry_run: Option<&str>, typed: &str| {
        let _ = std::fs::remove_file(&called);
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("printf '{typed}' | sh {}", script.display()))
            .env("PASSERELLE", &program)
            .env("OLD_DATABASE_URL", "postgresql://ann@old.example/shop")
            .env_remove("DRY_RUN");
        if let Some(value) = dry_run {
            command.env("DRY_RUN", value);
        }
        let output = command.output().unwrap();
        let what = std::fs::read_to_string(&called).ok();
        (output.status.code(), what)
    };
    assert_eq!(
        call(None, ""),
        (Some(0), Some("true migrate users\n".into()))
    );
    assert_eq!(call(Some("false"), "yes\\n"), (Some(6), None));
    assert_eq!(call(Some("false"), ""), (Some(6), None));
    let done = Some("false migrate users --yes\n".into());
    assert_eq!(call(Some("false"), "MIGRATE\\n"), (Some(0), done));
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

// MIG-ART: every file the plan gives, none twice, and nothing before the plan is decided.
#[tokio::test]
async fn nothing_is_written_for_a_plan_with_open_questions() {
    let stage = Stage::set(Application::Insight, IdPolicy::Uuid).await;
    for name in [
        "scripts/generate-jwt-keys.sh",
        "scripts/test_migration.sh",
        "docker-compose.override.yml",
        ".env.supabase.example",
    ] {
        assert!(stage.files.path().join(name).is_file(), "{name}");
    }
    let mut plan = stage.plan.clone();
    plan.tables[0].access = migrate::plan::Pattern::Ask;
    let tried = artefacts(&plan, &stage.inventory, &emit::Options::default());
    assert!(matches!(tried, Err(migrate::Error::Undecided(_))));
}
