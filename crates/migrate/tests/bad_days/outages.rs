//! Servers that go away, and disks that are full, in the middle of a run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::stage::{Stage, empty_target, options};
use migrate::run::{Event, Observer};
use migrate::{Error, Side};
use pg::Endpoint;
use testkit::{as_server_user, program};

/// Three users and twelve megabytes of theirs: more than anything between the two servers holds.
const SOURCE: &str = include_str!("large.sql");

/// A server of one's own, only on a socket in its folder.
struct Server {
    dir: tempfile::TempDir,
    /// A folder that is a small disk, seen by this server alone.
    disk: Option<PathBuf>,
    process: Option<Child>,
}

impl Server {
    fn new(with_disk: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        done(Command::new("chmod").arg("777").arg(dir.path()));
        let initdb = format!(
            "{} -D {} -U supabase_admin -A trust -E UTF8 --locale=C.UTF-8 --no-sync",
            program("initdb").display(),
            dir.path().join("data").display()
        );
        done(&mut as_server_user(&initdb));
        let mut server = Self {
            disk: with_disk.then(|| dir.path().join("disk")),
            dir,
            process: None,
        };
        server.start();
        server
    }

    /// In a mount namespace of its own where it has a disk: the disk is gone when the server is.
    fn start(&mut self) {
        let serve = format!(
            "exec {} -D {data} -k {dir} -c listen_addresses= -c fsync=off -c wal_level=logical -c shared_buffers=32MB \
             -c autovacuum=off -c jit=off >>{dir}/log 2>&1",
            program("postgres").display(),
            data = self.dir.path().join("data").display(),
            dir = self.dir.path().display(),
        );
        let mut command = as_server_user(&serve);
        if let Some(disk) = &self.disk {
            std::fs::create_dir_all(disk).unwrap();
            let mount = format!(
                "mount -t tmpfs -o size=512m,mode=700 tmpfs {disk} && chown --reference={data} {disk} && exec \"$@\"",
                disk = disk.display(),
                data = self.dir.path().join("data").display(),
            );
            let mut inside = Command::new("unshare");
            inside.args(["--mount", "sh", "-c", &mount, "sh"]);
            inside.arg(command.get_program()).args(command.get_args());
            command = inside;
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(command.spawn().unwrap());
    }

    /// Once it lets somebody in.
    async fn ready(&mut self) -> tokio_postgres::Client {
        loop {
            if let Ok(client) = self.endpoint("postgres").connect().await {
                return client;
            }
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(ended.is_none(), "{ended:?}\n{log}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    fn endpoint(&self, database: &str) -> Endpoint {
        let text = format!(
            "host={} port=5432 user=supabase_admin dbname={database}",
            self.dir.path().display()
        );
        Endpoint::parse(&text).unwrap()
    }

    /// Stops it as a power cut would.
    fn die(&mut self) {
        if let Some(mut process) = self.process.take() {
            done(Command::new("kill").args(["-QUIT", &process.id().to_string()]));
            process.wait().unwrap();
        }
    }

    /// Gives the disk so many bytes more than it holds.
    fn leave_room(&self, bytes: u64) {
        let process = self.process.as_ref().unwrap().id().to_string();
        let disk = self.disk.as_deref().unwrap();
        let inside = |arguments: &[&str]| {
            let mut command = Command::new("nsenter");
            command
                .args(["--mount", "--target", &process])
                .args(arguments);
            done(&mut command)
        };
        let used = inside(&["df", "--output=used", "--block-size=1", path(disk)]);
        let used: u64 = used.lines().last().unwrap().trim().parse().unwrap();
        let size = format!("remount,size={}", used + bytes);
        inside(&["mount", "-o", &size, path(disk)]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.die();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Does something once, at the first rows of a table on their way.
struct AtFirstRows<'a>(Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>);

impl<'a> AtFirstRows<'a> {
    fn of(act: impl FnOnce() + Send + 'a) -> Self {
        Self(Mutex::new(Some(Box::new(act))))
    }
}

impl Observer for AtFirstRows<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Progress {
            object: "public.papers",
            ..
        } = event
            && let Some(act) = self.0.lock().unwrap().take()
        {
            act();
        }
    }
}

/// Whichever connection notices first: the one that streams the table, or one that another table asks for.
fn source_is_lost<T>(outcome: &Result<T, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Reading(_)
            | Error::Connection {
                side: Side::Source,
                ..
            })
    )
}

/// MIG-RES-02, MIG-OUT-02: the old server dies in the middle of a table. It is told so; once it is back, the run ends as
/// an undisturbed one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_dies_in_the_middle_is_read_again_once_it_is_back() {
    let mut server = Server::new(false);
    server
        .ready()
        .await
        .batch_execute("create database old")
        .await
        .unwrap();
    let source = server.endpoint("old");
    let client = source.connect().await.unwrap();
    client.batch_execute(SOURCE).await.unwrap();
    let stage = Stage {
        source,
        target: empty_target().await,
    };
    let plan = stage.plan().await;
    let calm = stage.beside().await;
    calm.run(&plan, &options()).await.unwrap();
    let expected = calm.fingerprint().await;

    // The client has no more than a few buffers of the table when the server is gone.
    let outage = AtFirstRows::of(|| server.die());
    let broken = stage.watched(&plan, &options(), &outage).await;
    assert!(source_is_lost(&broken), "{broken:?}");
    drop(outage);
    let still_down = stage.run(&plan, &options()).await;
    assert!(
        matches!(
            still_down,
            Err(Error::Connection {
                side: Side::Source,
                ..
            })
        ),
        "{still_down:?}"
    );
    server.start();
    server.ready().await;
    stage.run(&plan, &options()).await.unwrap();
    assert_eq!(stage.fingerprint().await, expected);
    stage.verify(&plan).await;
}

/// MIG-RES-02, MIG-OUT-02: only the connections are cut, as a pooler or an operator does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_at_the_source_stop_the_run_and_no_row_is_lost() {
    let stage = Stage::of("UTF8", SOURCE).await;
    let plan = stage.plan().await;
    let calm = stage.beside().await;
    calm.run(&plan, &options()).await.unwrap();
    let expected = calm.fingerprint().await;
    let runtime = tokio::runtime::Handle::current();
    let source = stage.source.clone();
    let cut = AtFirstRows::of(move || {
        let cutting = std::thread::spawn(move || {
            runtime.block_on(async {
                let client = source.connect().await.unwrap();
                let cut = "select pg_terminate_backend(pid, 60000) from pg_stat_activity \
                           where datname = current_database() and pid <> pg_backend_pid()";
                client.query(cut, &[]).await.unwrap();
            });
        });
        cutting.join().unwrap();
    });
    let broken = stage.watched(&plan, &options(), &cut).await;
    assert!(source_is_lost(&broken), "{broken:?}");
    stage.run(&plan, &options()).await.unwrap();
    assert_eq!(stage.fingerprint().await, expected);
    stage.verify(&plan).await;
}

/// MIG-RES-02, MIG-OUT-02: the target's disk is full. The server says so; once there is room, the run ends as an undisturbed
/// one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_run_until_there_is_room() {
    let may_mount = Command::new("unshare").args(["--mount", "true"]).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        eprintln!("not tried: this needs the right to mount");
        return;
    }
    let mut server = Server::new(true);
    let client = server.ready().await;
    let disk = server.disk.clone().unwrap();
    client
        .batch_execute(&format!(
            "create tablespace small location '{}'",
            disk.display()
        ))
        .await
        .unwrap();
    client
        .batch_execute("create database new tablespace small")
        .await
        .unwrap();
    let target = server.endpoint("new");
    let mut place = settings::Database::default();
    "new".clone_into(&mut place.name);
    let mut keys = settings::Keys::default();
    keys.jwt_secret = base::Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    keys.vault_enc_key = base::Secret::new("a key for the vault that is kept");
    let prepared = database::Options::from_settings(&place, &keys, 3_600);
    database::prepare(&target, &prepared, &[auth::SCHEMA])
        .await
        .unwrap();

    let calm = Stage::of("UTF8", SOURCE).await;
    let plan = calm.plan().await;
    calm.run(&plan, &options()).await.unwrap();
    let expected = calm.fingerprint().await;
    let stage = Stage {
        source: calm.source.clone(),
        target,
    };
    server.leave_room(4 << 20);
    for _ in 0..2 {
        match stage.run(&plan, &options()).await {
            Err(Error::Database(error)) => assert_eq!(error.code(), Some("53100"), "{error}"),
            other => panic!("{other:?}"),
        }
    }
    let client = stage.client().await;
    let papers: i64 = client
        .query_one("select count(*) from public.papers", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(papers, 0, "all or nothing");
    server.leave_room(256 << 20);
    stage.run(&plan, &options()).await.unwrap();
    assert_eq!(stage.fingerprint().await, expected);
    stage.verify(&plan).await;
}
