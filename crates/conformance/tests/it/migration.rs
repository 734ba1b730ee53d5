//! The legacy application moves in, from the command line and through the front door.

mod doctor;
mod front;
mod mishaps;
mod old_hashes;
mod reference;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use insight::{Account, Size, Variant};
use pg::Endpoint;
use serde_json::Value;

use crate::chaos::{Dice, Site};
use crate::house::prepared;

/// How often a run is killed. MIG-RES-02
const KILLS: usize = 30;

/// A running program and a legacy database on the same server.
struct Move {
    site: Site,
    source: String,
    accounts: Vec<Account>,
}

impl Move {
    async fn new(variant: Variant) -> Self {
        Self::sized(variant, Size::S).await
    }

    async fn sized(variant: Variant, size: Size) -> Self {
        let mut site = Site::new();
        site.up();
        let admin = Endpoint::parse(&site.database_url("postgres"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        admin
            .batch_execute("create database insight_db")
            .await
            .unwrap();
        let source = site.database_url("insight_db");
        let mut client = Endpoint::parse(&source).unwrap().connect().await.unwrap();
        let made = insight::generate(&mut client, variant, size, 1, &mut |_, _| ())
            .await
            .unwrap();
        Self {
            site,
            source,
            accounts: made.accounts,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.site.command(&["migrate"]);
        command
            .args(arguments)
            .env("OLD_DATABASE_URL", &self.source);
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it; the last line of its JSON, whatever the exit code.
    fn ends(&self, arguments: &[&str], code: i32) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let output = self.output(&arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let last = text
            .lines()
            .last()
            .unwrap_or_else(|| panic!("{arguments:?} said nothing"));
        let last: Value = serde_json::from_str(last).unwrap();
        assert_eq!(last["type"], "result", "{last}");
        assert_eq!(last["exit_code"], code);
        last
    }

    /// Runs it until it goes well: the server notices a moment later that one that was killed is gone.
    fn ends_at_last(&self, arguments: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let output = self.output(arguments);
            if output.status.success() {
                return;
            }
            assert!(Instant::now() < deadline, "{output:?}");
        }
    }

    fn plan(&self) -> std::path::PathBuf {
        self.site.dir.path().join("migration.plan.toml")
    }

    fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.plan()).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(self.plan(), text.replace(from, to)).unwrap();
    }

    /// Every row of what was moved and the mapping, times of writing left out.
    async fn fingerprint(&self) -> BTreeMap<String, String> {
        let client = Endpoint::parse(&self.site.database_url("postgres"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        let tables = client
            .query(
                "select format('%I.%I', schemaname, tablename) from pg_tables \
                 where schemaname in ('public', 'legacy_private', 'legacy_quarantine') order by 1",
                &[],
            )
            .await
            .unwrap();
        let mut all = BTreeMap::new();
        for table in tables {
            let table: String = table.get(0);
            let query = format!(
                "select count(*) || coalesce(md5(string_agg(md5((to_jsonb(t) - 'migrated_at')::text), '' \
                 order by md5((to_jsonb(t) - 'migrated_at')::text))), '') from {table} t"
            );
            all.insert(table, client.query_one(&query, &[]).await.unwrap().get(0));
        }
        let users = client
            .query_one(
                "select count(*) || coalesce(md5(string_agg(id || coalesce(email, '') || coalesce(encrypted_password, ''), '' order by id)), '') \
                 from auth.users",
                &[],
            )
            .await
            .unwrap();
        all.insert("auth.users".into(), users.get(0));
        all
    }

    fn account(&self, note: &str) -> &Account {
        self.accounts
            .iter()
            .find(|account| account.note == note)
            .unwrap()
    }
}

/// MIG-LEG-02, MIG-RUN-01, MIG-DRY-01, MIG-TEST-08, MIG-CHK-01: no question asked, a dry run touches nothing, everything
/// is proved, and the official clients sign in with old passwords.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn insight_moves_in_from_the_command_line() {
    let stage = Move::sized(Variant::A, size()).await;
    stage.ends(&["preflight"], 0);
    assert_eq!(stage.ends(&["plan"], 0)["summary"]["questions"], 0);
    let before = stage.fingerprint().await;
    let forecast = stage.ends(&["run", "--dry-run"], 0);
    assert_eq!(
        stage.fingerprint().await,
        before,
        "a dry run touches nothing"
    );
    // MIG-RUN-02: nobody to ask, no word given.
    stage.ends(&["run"], 6);
    assert_eq!(stage.fingerprint().await, before);
    let done = stage.ends(&["run", "--yes"], 0);
    assert_eq!(done["summary"]["verification"]["failed"], 0);
    // MIG-DRY-04: the ids shown are those that were given.
    let (legacy, uuid) = (
        &forecast["summary"]["forecast"]["sample"][0][0],
        &forecast["summary"]["forecast"]["sample"][0][1],
    );
    let found = stage.output(&["lookup", "--old-id", legacy.as_str().unwrap()]);
    assert!(String::from_utf8_lossy(&found.stdout).contains(uuid.as_str().unwrap()));
    // MIG-GEN-04: again, and nothing changes.
    let after = stage.fingerprint().await;
    stage.ends(&["run", "--yes"], 0);
    assert_eq!(stage.fingerprint().await, after);

    let credentials = stage.site.dir.path().join("credentials");
    let admin = stage.account("admin");
    std::fs::write(
        &credentials,
        format!("{} {}\n", admin.email, admin.password),
    )
    .unwrap();
    let path = credentials.to_str().unwrap().to_owned();
    // MIG-KEY-05: a file of passwords that others can read is refused.
    private(&credentials, 0o644);
    stage.ends(&["test", "--credentials", &path], 16);
    private(&credentials, 0o600);
    assert_eq!(
        stage.ends(&["test", "--credentials", &path], 0)["summary"]["failed"],
        0
    );
    clients(&stage);
    let status = stage.output(&["status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    for number in [4, 5, 6, 7, 8, 9, 10, 11, 12, 13] {
        assert!(
            status.contains(&format!("[x] {number:>2} ")),
            "{number}\n{status}"
        );
    }
    // MIG-RBK-01, MIG-RBK-02
    stage.ends(&["rollback"], 6);
    stage.ends(&["rollback", "--yes"], 0);
    assert_eq!(stage.fingerprint().await, before);
}

/// MIG-USR-02, MIG-USR-03, MIG-UPS-01, MIG-DUP-06: over the admin API alone, with ids chosen here, passwords as they were,
/// bans and metadata; what was made is not made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_move_over_http_with_nothing_but_a_key() {
    let stage = Move::new(Variant::A).await;
    stage.ends(&["plan"], 0);
    let over_http = |dry: &str, code: i32| {
        let output = stage
            .command(&["users", "--channel", "http", "--json", "--yes"])
            .env("DRY_RUN", dry)
            .env("SUPABASE_URL", &stage.site.url)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap()
    };
    let count = async || {
        let client = Endpoint::parse(&stage.site.database_url("postgres"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        let row = client
            .query_one("select count(*) from auth.users", &[])
            .await
            .unwrap();
        row.get::<_, i64>(0)
    };
    // MIG-DRY-01: dry unless told otherwise.
    let forecast = over_http("true", 0);
    assert_eq!(count().await, 0);
    let done = over_http("false", 0);
    assert_eq!(done["summary"]["users"]["created"], 5, "{done}");
    assert_eq!(count().await, 5);
    assert_eq!(over_http("false", 0)["summary"]["users"]["created"], 5);
    assert_eq!(count().await, 5);
    let runs = stage.site.dir.path().join(".passerelle/runs");
    let run = std::fs::read_dir(runs)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let csv = std::fs::read_to_string(run.join("mapping.csv")).unwrap();
    let sample = forecast["summary"]["forecast"]["sample"][0][1]
        .as_str()
        .unwrap();
    assert!(csv.contains(sample), "the id of the dry run: {csv}");
    // Old passwords and bans, through the front door.
    let client = reqwest::Client::new();
    for (note, status) in [("admin", 200), ("ordinary", 200), ("inactive", 400)] {
        let account = stage.account(note);
        let answer = client
            .post(format!(
                "{}/auth/v1/token?grant_type=password",
                stage.site.url
            ))
            .header("apikey", stage.site.key("ANON_KEY"))
            .json(&serde_json::json!({ "email": account.email, "password": account.password }))
            .send()
            .await
            .unwrap();
        assert_eq!(
            answer.status().as_u16(),
            status,
            "{note}: {}",
            answer.text().await.unwrap()
        );
    }
}

/// How much is moved: S unless `PASSERELLE_TEST_SIZE` says M or L (CONTRIBUTING.md).
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' runner says how large the input is"
)]
fn size() -> Size {
    let asked = std::env::var("PASSERELLE_TEST_SIZE");
    asked.map_or(Size::S, |size| size.parse().unwrap())
}

fn private(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// MIG-TEST-09: the seed's three tests by the clients that the application uses.
fn clients(stage: &Move) {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"));
    let script = prepared("PASSERELLE_TEST_NODE_DIR").join("insight.test.mjs");
    std::fs::copy(folder.join("js/insight.test.mjs"), &script).unwrap();
    let mut js = Command::new("node");
    js.arg("--test").arg(&script);
    let mut python = Command::new(prepared("PASSERELLE_TEST_PYTHON"));
    python
        .args(["-W", "ignore"])
        .arg(folder.join("python/insight.py"));
    for mut client in [js, python] {
        client
            .env("SUPABASE_URL", &stage.site.url)
            .env("SUPABASE_ANON_KEY", stage.site.key("ANON_KEY"))
            .env("SUPABASE_SERVICE_KEY", stage.site.key("SERVICE_ROLE_KEY"));
        for (prefix, note) in [
            ("INSIGHT", "ordinary"),
            ("INSIGHT_OTHER", "unicode-password"),
            ("INSIGHT_BANNED", "inactive"),
        ] {
            let account = stage.account(note);
            client
                .env(format!("{prefix}_EMAIL"), &account.email)
                .env(format!("{prefix}_PASSWORD"), &account.password);
        }
        let output = client.output().unwrap();
        assert!(
            output.status.success(),
            "{client:?}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// MIG-RES-02, MIG-SEC-06: killed with kill -9 thirty times, then left alone, it ends as an undisturbed run does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_goes_on_and_ends_the_same() {
    let stage = Move::new(Variant::A).await;
    stage.ends(&["plan"], 0);
    let started = Instant::now();
    stage.ends(&["run", "--yes", "--no-verify"], 0);
    let whole = started.elapsed();
    let expected = stage.fingerprint().await;
    stage.ends(&["rollback", "--yes"], 0);

    let mut dice = Dice(0x5eed_0004);
    let mut killed = 0;
    for attempt in 1.. {
        let mut child = stage
            .command(&["run", "--yes", "--no-verify", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let share = u32::try_from(dice.below(1_000)).unwrap();
        tokio::time::sleep(whole * share / 1_000).await;
        let _ = child.kill();
        let ended = child.wait().unwrap();
        if ended.signal().is_some() {
            killed += 1;
        } else if ended.success() {
            // This time it was quicker: there is to be something left to kill.
            stage.ends_at_last(&["rollback", "--yes"]);
        }
        if killed == KILLS {
            break;
        }
        assert!(attempt < 20 * KILLS, "{killed} of {attempt} were killed");
    }
    stage.ends_at_last(&["run", "--yes"]);
    assert_eq!(stage.fingerprint().await, expected);
    stage.ends(&["verify"], 0);
}

/// Bad input: one sentence, the exit code of section 30, nothing half done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_ends_with_its_own_code() {
    let stage = Move::new(Variant::A).await;
    // No plan yet, an unknown table, an unreachable or unnamed source.
    stage.ends(&["run", "--yes"], 4);
    stage.ends(&["plan", "--users", "public.nobody"], 2);
    stage.ends(
        &["inspect", "--from", "host=127.0.0.1 port=1 user=x dbname=x"],
        15,
    );
    let unnamed = stage
        .site
        .command(&["migrate", "inspect"])
        .output()
        .unwrap();
    assert_eq!(unnamed.status.code(), Some(2));
    // A source without users: not clear, and it says so.
    let empty = stage.site.database_url("template1");
    stage.ends(&["plan", "--from", &empty], 4);
    assert!(!stage.plan().exists(), "no half-written plan");

    stage.ends(&["plan"], 0);
    stage.ends(&["run", "--yes", "--plan-digest", "00000000"], 5);
    let good = std::fs::read_to_string(stage.plan()).unwrap();
    stage.edit("topology = \"copy\"", "topology = \"sideways\"");
    stage.ends(&["run", "--yes"], 4);
    std::fs::write(stage.plan(), &good).unwrap();
    stage.edit("role = \"role\"", "role = \"rank\"");
    stage.ends(&["run", "--yes"], 5);
    std::fs::write(stage.plan(), &good).unwrap();
    // MIG-META-01
    stage.edit(
        "[users.user_metadata]",
        "[users.user_metadata]\nis_admin = \"role\"",
    );
    stage.ends(&["run", "--yes"], 4);
    std::fs::write(stage.plan(), &good).unwrap();
    // MIG-PLAN-03
    stage.edit("decision = \"include\"", "decision = \"ask\"");
    stage.ends(&["run", "--yes"], 4);
    std::fs::write(stage.plan(), &good).unwrap();

    // MIG-PRE-04: a target that holds such tables already.
    let client = Endpoint::parse(&stage.site.database_url("postgres"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    client
        .batch_execute("create table public.reports (id int)")
        .await
        .unwrap();
    stage.ends(&["run", "--yes"], 3);
    client
        .batch_execute("drop table public.reports")
        .await
        .unwrap();
    // MIG-RES-03: another engine.
    client
        .batch_execute("select pg_advisory_lock(hashtextextended('passerelle migrate', 0))")
        .await
        .unwrap();
    stage.ends(&["run", "--yes"], 9);
    client
        .batch_execute("select pg_advisory_unlock_all()")
        .await
        .unwrap();
    // MIG-PLAN-04: a source that changed since.
    let source = Endpoint::parse(&stage.source)
        .unwrap()
        .connect()
        .await
        .unwrap();
    source
        .batch_execute("alter table public.reports add column note text")
        .await
        .unwrap();
    stage.ends(&["run", "--yes"], 5);
    source
        .batch_execute("alter table public.reports drop column note")
        .await
        .unwrap();
    // MIG-PLAN-05: a plan edited after the run began.
    stage.ends(&["run", "--yes", "--no-verify"], 0);
    stage.edit("access = \"owner-read\"", "access = \"service-only\"");
    stage.ends(&["run", "--yes"], 5);
    std::fs::write(stage.plan(), &good).unwrap();
    // MIG-VER-02: one changed row is found.
    client
        .batch_execute("update public.reports set title = title || '!' where id = 1")
        .await
        .unwrap();
    stage.ends(&["verify"], 8);
    stage.ends(&["rollback", "--to", "S99"], 2);
}
