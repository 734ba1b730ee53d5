//! A whole run on a real source and a real target.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says what it saw"
)]

use std::task::Poll;

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use insight::{Size, Variant};
use migrate::ids::Seed;
use migrate::inspect::{self, inspect};
use migrate::plan::{IdPolicy, Wishes};
use migrate::run::{Event, Observer, Options, rollback, run};
use migrate::{Inventory, Plan, Source, Target};
use testkit::{Postgres, TestDatabase};

/// A source with the legacy application and an empty target.
struct Stage {
    source: TestDatabase,
    target: TestDatabase,
}

impl Stage {
    async fn set(variant: Variant) -> Self {
        let source = Postgres::shared().database().await;
        let mut client = source.connect().await;
        insight::generate(&mut client, variant, Size::S, 1, &mut |_, _| ())
            .await
            .unwrap();
        let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
        Self { source, target }
    }

    async fn plan(&self) -> Plan {
        let source = Source::new(self.source.admin());
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

    async fn run(&self, plan: &Plan) -> Result<migrate::run::Report, migrate::Error> {
        self.run_with(plan, &Seed::new(&OsRandom)).await
    }

    async fn run_with(
        &self,
        plan: &Plan,
        seed: &Seed,
    ) -> Result<migrate::run::Report, migrate::Error> {
        let source = Source::new(self.source.admin());
        let target = Target::lock(self.target.admin()).await?;
        run(&source, &target, plan, seed, &options(), &Loud).await
    }

    /// Everything holds.
    async fn verify(&self, plan: &Plan) {
        let source = Source::new(self.source.admin());
        let target = Target::unlocked(self.target.admin());
        let verdict = migrate::verify::verify(&source, &target, plan)
            .await
            .unwrap();
        assert!(
            verdict.passes(),
            "{:#?}",
            verdict.failures().collect::<Vec<_>>()
        );
    }

    /// Every row of everything that a run writes, times of writing left out.
    async fn fingerprint(&self, plan: &Plan) -> Vec<(String, String)> {
        let client = self.target.connect().await;
        let mut all = Vec::new();
        let mut tables: Vec<String> = plan
            .made_tables()
            .map(|table| table.name.quoted().to_string())
            .collect();
        tables.push("legacy_private.users".into());
        tables.push("auth.users".into());
        tables.push("auth.identities".into());
        tables.push("public.user_id_mapping".into());
        for table in tables {
            let drop = "- 'migrated_at' - 'updated_at' - 'created_at' - 'banned_until' - 'raw_app_meta_data' - 'run_id'";
            let keep = if table == "auth.identities" {
                format!("{drop} - 'id'")
            } else {
                drop.to_owned()
            };
            let query = format!(
                "select coalesce(md5(string_agg(md5((to_jsonb(t) {keep})::text), '' order by md5((to_jsonb(t) {keep})::text))), '') || count(*) from {table} t"
            );
            let row = client.query_one(&query, &[]).await.unwrap();
            all.push((table, row.get(0)));
        }
        all.push(("catalog".into(), self.catalog().await.join("\n")));
        all
    }

    /// Everything that has a name in the target, with owner and privileges.
    async fn catalog(&self) -> Vec<String> {
        let client = self.target.connect().await;
        let rows = client
            .query(include_str!("catalog.sql"), &[])
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn options() -> Options {
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

/// Takes so many steps of a future at most and gives it up after them. Steps, not time: how far it comes then does not
/// depend on how fast the machine is. Its end, if it came to it, and the steps.
async fn steps<T>(future: impl Future<Output = T>, most: u32) -> (Option<T>, u32) {
    let mut future = Box::pin(future);
    let mut taken = 0;
    let ended = std::future::poll_fn(|context| {
        if taken == most {
            return Poll::Ready(None);
        }
        taken += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await;
    (ended, taken)
}

struct Loud;

impl Observer for Loud {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning { code, object, text } = event {
            eprintln!("{code} {object}: {text}");
        }
    }
}

/// MIG-LEG-02, MIG-GEN-02: variant A asks nothing, moves everything and every row is accounted for.
#[tokio::test]
async fn the_clean_application_moves_without_a_question() {
    let stage = Stage::set(Variant::A).await;
    let plan = stage.plan().await;
    assert_eq!(plan.questions(), [], "{}", plan.render());
    let report = stage.run(&plan).await.unwrap();
    assert!(
        report
            .tables
            .iter()
            .all(migrate::run::TableReport::balances)
    );
    let client = stage.target.connect().await;
    let count = |table: &str| format!("select count(*) from {table}");
    for (table, expected) in [
        ("auth.users", 5_i64),
        ("auth.identities", 5),
        ("public.users", 5),
        ("public.user_id_mapping", 5),
    ] {
        let row = client.query_one(&count(table), &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), expected, "{table}");
    }
    stage.verify(&plan).await;
}

/// MIG-GEN-04: a second run finds nothing to do and changes nothing.
#[tokio::test]
async fn a_second_run_changes_nothing() {
    let stage = Stage::set(Variant::A).await;
    let plan = stage.plan().await;
    stage.run(&plan).await.unwrap();
    let before = stage.fingerprint(&plan).await;
    stage.run(&plan).await.unwrap();
    assert_eq!(stage.fingerprint(&plan).await, before);
    stage.verify(&plan).await;
}

/// MIG-RES-02, MIG-COPY-05: stopped anywhere, as often as you like, and begun again, it ends as an undisturbed run does.
#[tokio::test]
async fn a_run_stopped_at_any_moment_ends_as_an_undisturbed_one() {
    let stage = Stage::set(Variant::A).await;
    let plan = stage.plan().await;
    let seed = Seed::from_bytes(&[3; 32]).unwrap();
    let undisturbed = Stage {
        source: stage.source,
        target: Postgres::shared().supabase(&[auth::SCHEMA]).await,
    };
    let (report, whole) = steps(undisturbed.run_with(&plan, &seed), u32::MAX).await;
    report.expect("it was not stopped").unwrap();
    let expected = undisturbed.fingerprint(&plan).await;

    let disturbed = Stage {
        source: undisturbed.source,
        target: stage.target,
    };
    let dice = base::SeededRandom::new(7);
    let mut stops = 0;
    for attempts in 1.. {
        let mut byte = [0; 1];
        dice.fill(&mut byte);
        let most = whole * u32::from(byte[0]) / 255;
        let (ended, _) = steps(disturbed.run_with(&plan, &seed), most).await;
        match ended {
            None => stops += 1,
            // The connections of the one before are not yet noticed to be gone.
            Some(Err(_)) => tokio::task::yield_now().await,
            // What is done cannot be stopped in the middle any more.
            Some(Ok(_)) => {
                let target = loop {
                    match Target::lock(disturbed.target.admin()).await {
                        Err(migrate::Error::Locked { .. }) => tokio::task::yield_now().await,
                        other => break other.unwrap(),
                    }
                };
                rollback(&target, plan.run, "S01").await.unwrap();
            }
        }
        if stops == 15 {
            break;
        }
        assert!(attempts < 10_000, "{stops} of {attempts} were stopped");
    }
    // The server notices a connection that went away a moment later.
    let report = loop {
        match disturbed.run_with(&plan, &seed).await {
            Err(migrate::Error::Locked { .. }) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert!(
        report
            .tables
            .iter()
            .all(migrate::run::TableReport::balances)
    );
    assert_eq!(disturbed.fingerprint(&plan).await, expected);
    disturbed.verify(&plan).await;
}

/// MIG-RBK-02: after a rollback the target is as it was, whoever signed up there meanwhile included.
#[tokio::test]
async fn a_rollback_leaves_the_target_as_it_was() {
    let stage = Stage::set(Variant::A).await;
    let client = stage.target.connect().await;
    let before = stage.catalog().await;
    let plan = stage.plan().await;
    stage.run(&plan).await.unwrap();
    client
        .batch_execute(
            "insert into auth.users (id, aud, role, email) values (gen_random_uuid(), 'authenticated', 'authenticated', 'new@b.example')",
        )
        .await
        .unwrap();
    let target = Target::lock(stage.target.admin()).await.unwrap();
    let undone = rollback(&target, plan.run, "S01").await.unwrap();
    assert_eq!((undone.users, undone.users_kept), (5, 0));
    assert_eq!(stage.catalog().await, before);
    let rows = client
        .query("select email from auth.users", &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    // And again, and the whole way once more.
    rollback(&target, plan.run, "S01").await.unwrap();
    drop(target);
    stage.run(&plan).await.unwrap();
    stage.verify(&plan).await;
}

/// MIG-RES-03
#[tokio::test]
async fn one_engine_at_a_time() {
    let target = Postgres::shared().supabase(&[auth::SCHEMA]).await;
    let first = Target::lock(target.admin()).await.unwrap();
    match Target::lock(target.admin()).await {
        Err(migrate::Error::Locked { holder }) => assert!(holder.contains("process "), "{holder}"),
        other => panic!("{other:?}"),
    }
    drop(first);
}

/// MIG-LEG-03: the drifted application asks, stops until it is answered, and passes with the documented decisions.
#[tokio::test]
async fn the_drifted_application_moves_with_the_documented_decisions() {
    let stage = Stage::set(Variant::B).await;
    let mut plan = stage.plan().await;
    let asked: Vec<String> = plan
        .questions()
        .iter()
        .map(|question| format!("{} {}", question.line, question.object))
        .collect();
    for expected in [
        "orphan_policy public.user_conversations.user_id",
        "orphan_policy public.user_documents.extra_data",
        "orphan_policy public.activity_logs.user_id",
        "users.conflicts MIG-U-CASE-DUP",
        "users.conflicts MIG-U-EMAIL-LONG",
        "users.conflicts MIG-U-EMAIL-NULL",
        "users.roles \"Admin\"",
        "users.roles \"\"",
        "users.roles \"superadmin\"",
        "blockers MIG-M-COLLISION",
        "blockers MIG-M-INVENTED",
    ] {
        assert!(
            asked.iter().any(|it| it == expected),
            "{expected}: {asked:#?}"
        );
    }
    let before = stage.catalog().await;
    assert!(matches!(
        stage.run(&plan).await,
        Err(migrate::Error::Undecided(_))
    ));
    assert_eq!(stage.catalog().await, before, "nothing was touched");
    decide(&mut plan);
    let report = stage.run(&plan).await.unwrap();
    let found = |code: &str| -> Vec<String> {
        let problems = report.problems.iter().filter(|it| it.code == code);
        problems.flat_map(|it| it.legacy_ids.clone()).collect()
    };
    for (code, ids) in [
        ("MIG-U-CASE-DUP", vec!["1", "6"]),
        ("MIG-U-EMAIL-TRIM", vec!["7"]),
        ("MIG-U-EMAIL-LONG", vec!["8"]),
        ("MIG-U-EMAIL-NULL", vec!["9"]),
        ("MIG-U-HASH-NONE", vec!["10", "11"]),
        ("MIG-U-HASH-MALFORMED", vec!["14"]),
        ("MIG-U-HASH-LEGACY", vec!["15"]),
        ("MIG-U-HASH-TRIM", vec!["16"]),
        ("MIG-U-ACTIVE-NULL", vec!["17"]),
        ("MIG-U-ROLE-UNKNOWN", vec!["18", "19", "20"]),
    ] {
        assert_eq!(found(code), ids, "{code}");
    }
    stage.verify(&plan).await;
    carried(&stage, &plan).await;
    // What could not move is in quarantine, as it was, and nobody else owns it (MIG-REF-03).
    let client = stage.target.connect().await;
    let row = client
        .query_one(
            "select count(*), count(*) filter (where user_id in (select old_user_id from public.user_id_mapping)) \
             from legacy_quarantine.user_conversations",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (5, 0));
    // The other objects work on the new ids.
    client
        .batch_execute(
            "select * from public.v_user_activity limit 1; refresh materialized view public.mv_usage_by_user; \
             do $$ declare who uuid; begin select id into who from public.users limit 1; \
             perform public.user_quota_left(who); perform public.user_quota_left(1); end $$",
        )
        .await
        .unwrap();
}

/// MIG-PWD-04: the SHA-256 hash is there in a form of its own, byte for byte; that a sign-in has replaced it is no fault
/// of the run, and anything else in its place is.
async fn carried(stage: &Stage, plan: &Plan) {
    let source = stage.source.connect().await;
    let sql = "select password_hash from public.users where id = 15";
    let old: String = source.query_one(sql, &[]).await.unwrap().get(0);
    let client = stage.target.connect().await;
    let row = client
        .query_one(
            "select u.encrypted_password, m.password_status from public.user_id_mapping m \
             join auth.users u on u.id = m.supabase_user_id where m.old_user_id = 15",
            &[],
        )
        .await
        .unwrap();
    let (stored, status): (String, String) = (row.get(0), row.get(1));
    assert_eq!(stored, format!("$passerelle$v=1,k=sha256-hex${old}"));
    assert_eq!(status, "legacy");
    let put = async |hash: &str| {
        let sql = "update auth.users set encrypted_password = $1 where id = (select supabase_user_id \
                   from public.user_id_mapping where old_user_id = 15)";
        assert_eq!(client.execute(sql, &[&hash]).await.unwrap(), 1);
    };
    put("$2b$10$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96").await;
    stage.verify(plan).await;
    put("$passerelle$v=1,k=md5-hex$5f4dcc3b5aa765d61d8327deb882cf99").await;
    let (source, target) = (stage.source.admin(), stage.target.admin());
    let verdict = migrate::verify::verify(&Source::new(source), &Target::unlocked(target), plan)
        .await
        .unwrap();
    assert_eq!(verdict.failures().count(), 1);
    put(&stored).await;
}

/// The decisions of the contract's table of findings.
fn decide(plan: &mut Plan) {
    use migrate::copy::OrphanPolicy;
    use migrate::plan::{Acknowledgement, UserDecision};
    for reference in &mut plan.references {
        let nullable =
            ["activity_logs", "watch_history", "messages"].contains(&reference.table.name.as_str());
        if let Some(policy) = &mut reference.sentinel_policy {
            *policy = if nullable {
                OrphanPolicy::Null
            } else {
                OrphanPolicy::Quarantine
            };
        }
        if reference.orphan_policy == OrphanPolicy::Ask {
            reference.orphan_policy = OrphanPolicy::Quarantine;
        }
    }
    for (code, decision) in &mut plan.users.conflicts {
        *decision = match code.as_str() {
            "MIG-U-CASE-DUP" => UserDecision::KeepActive,
            _ => UserDecision::Placeholder,
        };
    }
    for (value, role) in &mut plan.users.roles {
        if role == "ask" {
            if value == "Admin" { "admin" } else { "user" }.clone_into(role);
        }
    }
    for acknowledgement in plan.blockers.values_mut() {
        *acknowledgement = Acknowledgement::Accept;
    }
}
