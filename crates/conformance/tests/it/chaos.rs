//! kill -9 at bad moments: what was acknowledged stays, what was started ends.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pg::Endpoint;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

const ROUNDS: usize = 3;
const WRITERS: usize = 4;
/// Longer than anything here takes on a slow machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whom the signal hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Program,
    Postmaster,
    Both,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_rows_survive_a_killed_program() {
    survive(Victim::Program, 0x5eed_0001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_rows_survive_a_killed_postmaster() {
    survive(Victim::Postmaster, 0x5eed_0002).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_rows_survive_a_killed_program_and_postmaster() {
    survive(Victim::Both, 0x5eed_0003).await;
}

async fn survive(victim: Victim, seed: u64) {
    let mut dice = Dice(seed);
    let mut site = Site::new();
    site.up();
    site.make_table().await;
    let next = Arc::new(AtomicI64::new(1));
    let mut acknowledged = BTreeSet::new();
    for round in 1..=ROUNDS {
        let writers = Writers::start(&site, &next);
        writers.wait_for(1 + dice.below(150)).await;
        let killed = site.kill(victim);
        acknowledged.extend(writers.stop().await);
        if victim == Victim::Postmaster {
            // A program that still lives brings its PostgreSQL back by itself. Until then backends of the killed
            // one may answer a last time, so what they say proves nothing.
            site.wait_for_another(killed).await;
        } else {
            site.up();
        }
        let found = site.rows().await;
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(
            lost.is_empty(),
            "{victim:?}, round {round}, seed {seed:#x}: rows {lost:?} were lost"
        );
        site.write(next.fetch_add(1, Ordering::Relaxed)).await;
    }
    site.down();
    assert_eq!(
        site.processes(),
        Vec::<String>::new(),
        "{victim:?}: nothing may run after `down`"
    );
}

/// A project of its own, and the program that serves it.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    program: Option<Child>,
    pub(crate) url: String,
    service_key: String,
    client: reqwest::Client,
}

impl Site {
    pub(crate) fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::Builder::new()
            .prefix("passerelle-chaos-")
            .tempdir()
            .unwrap();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            dir,
            program: None,
            url: String::new(),
            service_key: String::new(),
            client,
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join(".passerelle")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        // The tests' own variables are no settings of the program.
        for name in [
            "PASSERELLE_TEST_NODE_DIR",
            "PASSERELLE_TEST_PYTHON",
            "PASSERELLE_TEST_SIZE",
        ] {
            command.env_remove(name);
        }
        for (name, value) in [
            ("PASSERELLE_GATEWAY_HOST", "127.0.0.1"),
            ("PASSERELLE_GATEWAY_PORT", "0"),
            ("PASSERELLE_GATEWAY_ADMIN_PORT", "0"),
            ("PASSERELLE_DATABASE_PORT", "0"),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Starts the program and waits for its line that says it is ready.
    pub(crate) fn up(&mut self) {
        let log = std::fs::File::create(self.dir.path().join("stderr")).unwrap();
        let mut command = self.command(&["up", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        self.program = Some(child);
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}\n{}", self.log()));
        assert_eq!(ready["phase"], "ready", "{line}\n{}", self.log());
        ready["api_url"].as_str().unwrap().clone_into(&mut self.url);
        self.service_key = self.key("SERVICE_ROLE_KEY");
    }

    fn log(&self) -> String {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        read(self.dir.path().join("stderr")) + &read(self.data().join("logs/passerelle.log"))
    }

    pub(crate) fn key(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.data().join("keys.env")).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap()
            .to_owned()
    }

    /// The administrator's way into one of the server's databases.
    pub(crate) fn database_url(&self, database: &str) -> String {
        let state = std::fs::read_to_string(self.data().join("passerelle.json")).unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        format!(
            "host={} port={} user=postgres password={} dbname={database}",
            state["socket_dir"].as_str().unwrap(),
            state["socket_port"],
            self.key("POSTGRES_PASSWORD"),
        )
    }

    async fn make_table(&self) {
        let text = self.database_url("postgres");
        let client = Endpoint::parse(&text).unwrap().connect().await.unwrap();
        client
            .batch_execute("create table public.chaos (id bigint primary key, body text)")
            .await
            .unwrap();
        // The REST service reads the catalog anew.
        self.rows().await;
    }

    /// One row, which must be acknowledged.
    async fn write(&self, id: i64) {
        assert!(
            post(&self.client, &self.url, &self.service_key, id).await,
            "row {id} after a new start\n{}",
            self.log()
        );
    }

    /// The ids in the table, as soon as the service answers.
    async fn rows(&self) -> BTreeSet<i64> {
        let started = Instant::now();
        loop {
            let url = format!("{}/rest/v1/chaos?select=id", self.url);
            let request = self.client.get(url).header("apikey", &self.service_key);
            let problem = match request.send().await {
                Ok(answer) if answer.status() == 200 => {
                    let rows: Vec<Value> = answer.json().await.unwrap();
                    return rows.iter().map(|row| row["id"].as_i64().unwrap()).collect();
                }
                Ok(answer) => format!(
                    "{} {}",
                    answer.status(),
                    answer.text().await.unwrap_or_default()
                ),
                Err(error) => error.to_string(),
            };
            assert!(
                started.elapsed() < PATIENCE,
                "the table does not come back: {problem}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The postmaster that was running.
    fn kill(&mut self, victim: Victim) -> Pid {
        let postmaster = self.postmaster();
        let program = (victim != Victim::Postmaster).then(|| {
            let mut program = self.program.take().unwrap();
            program.kill().unwrap();
            program
        });
        if victim != Victim::Program {
            match kill(postmaster, Signal::SIGKILL) {
                // It ends with its program, and may have been quick.
                Err(Errno::ESRCH) if victim == Victim::Both => {}
                killed => killed.unwrap(),
            }
        }
        if let Some(mut program) = program {
            program.wait().unwrap();
        }
        postmaster
    }

    /// Waits until a postmaster other than `killed` says that it is ready; it cannot start while one of the killed
    /// one's processes still lives.
    async fn wait_for_another(&self, killed: Pid) {
        let started = Instant::now();
        loop {
            let path = self.data().join("db/postmaster.pid");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let mut lines = text.lines().map(str::trim);
            let other = lines.next().is_some_and(|pid| pid != killed.to_string());
            if other && lines.nth(6) == Some("ready") {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "PostgreSQL does not come back\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn postmaster(&self) -> Pid {
        let text = std::fs::read_to_string(self.data().join("db/postmaster.pid")).unwrap();
        Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap())
    }

    fn down(&mut self) {
        let output = self.command(&["down"]).output().unwrap();
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        assert_eq!(
            self.program.take().unwrap().wait().unwrap().code(),
            Some(0),
            "{}",
            self.log()
        );
    }

    /// Where the database lies, which may be outside the project.
    fn database(&self) -> Option<PathBuf> {
        std::fs::canonicalize(self.data().join("db")).ok()
    }

    /// Processes that name this project's data, or work in it.
    fn processes(&self) -> Vec<String> {
        let mut folders = vec![self.dir.path().to_owned()];
        folders.extend(self.database());
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.path());
        processes
            .filter_map(|process| line_of(&process, &folders))
            .collect()
    }
}

/// The command line of a process, if it is about one of the folders.
fn line_of(process: &Path, folders: &[PathBuf]) -> Option<String> {
    let line = std::fs::read(process.join("cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    let place = std::fs::read_link(process.join("cwd")).unwrap_or_default();
    let about =
        |folder: &PathBuf| line.contains(folder.to_str().unwrap()) || place.starts_with(folder);
    folders.iter().any(about).then_some(line)
}

/// Nothing runs on and nothing stays, however the test ends.
impl Drop for Site {
    fn drop(&mut self) {
        let Some(mut program) = self.program.take() else {
            return self.forget();
        };
        if let Ok(id) = i32::try_from(program.id()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let _ = program.wait();
        self.forget();
    }
}

impl Site {
    /// Removes what lies outside the project's folder.
    fn forget(&self) {
        if let Some(home) = self.database().as_deref().and_then(Path::parent)
            && !home.starts_with(self.dir.path())
        {
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

/// Several tasks that write rows, one after the other each, until they are told to stop.
struct Writers {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<i64>>>,
    tasks: JoinSet<()>,
}

impl Writers {
    fn start(site: &Site, next: &Arc<AtomicI64>) -> Self {
        let mut writers = Self {
            stop: Arc::default(),
            acknowledged: Arc::default(),
            tasks: JoinSet::new(),
        };
        for _ in 0..WRITERS {
            let (stop, acknowledged) =
                (Arc::clone(&writers.stop), Arc::clone(&writers.acknowledged));
            let (client, url, key) = (
                site.client.clone(),
                site.url.clone(),
                site.service_key.clone(),
            );
            let next = Arc::clone(next);
            writers.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if post(&client, &url, &key, id).await {
                        acknowledged.lock().unwrap().push(id);
                    }
                }
            });
        }
        writers
    }

    /// Waits until so many rows are acknowledged.
    async fn wait_for(&self, count: usize) {
        let started = Instant::now();
        while self.acknowledged.lock().unwrap().len() < count {
            assert!(started.elapsed() < PATIENCE, "no row is acknowledged");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The rows that were acknowledged.
    async fn stop(mut self) -> Vec<i64> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.acknowledged.lock().unwrap())
    }
}

/// Whether a row was acknowledged.
async fn post(client: &reqwest::Client, url: &str, key: &str, id: i64) -> bool {
    let row = json!({ "id": id, "body": "x".repeat(500) });
    let request = client
        .post(format!("{url}/rest/v1/chaos"))
        .header("apikey", key)
        .bearer_auth(key)
        .json(&row);
    request
        .send()
        .await
        .is_ok_and(|answer| answer.status() == 201)
}

/// The same throws every time (an xorshift generator), so that a failure can be had again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end).unwrap()
    }
}

/// The built program: beside this test's own, or built now.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(2).unwrap();
    let program = folder.join("passerelle");
    if !program.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        let built = cargo
            .args(["build", "-p", "passerelle", "--bin", "passerelle"])
            .status()
            .unwrap();
        assert!(built.success(), "the program cannot be built");
    }
    program
}
