//! The server's life, with PostgreSQL's real programs.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use base::Secret;
use cluster::{Account, Binaries, Configuration, Error, Lock, Process, initialise};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PATIENCE: Duration = Duration::from_secs(20);

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

async fn start(dir: &Path, port: u16) -> Result<Process, Error> {
    let lock = Lock::take(dir)?;
    let binaries = Binaries::find(None, dir)?;
    let account = Account::choose()?;
    let configuration = Configuration {
        memory_mb: 512,
        statement_statistics: false,
    };
    let password = Secret::new("open-sesame");
    let cluster = initialise(&lock, dir, &binaries, account, &password, configuration)?;
    Process::start(lock, dir, &cluster, &binaries, account, port, PATIENCE).await
}

#[tokio::test]
async fn it_starts_stops_tidily_and_starts_again() {
    let dir = folder();
    for _ in 0..2 {
        let server = start(dir.path(), free_port()).await.unwrap();
        let socket = format!(".s.PGSQL.{}", server.port());
        assert!(server.socket_dir().join(socket).exists());
        assert!(matches!(Lock::take(dir.path()), Err(Error::InUse(_))));
        assert!(server.stop(PATIENCE).await);
        assert!(!dir.path().join("postgres/postmaster.pid").exists());
    }
}

#[tokio::test]
async fn a_killed_server_is_noticed_and_its_stale_pid_file_is_no_obstacle() {
    let dir = folder();
    let server = start(dir.path(), free_port()).await.unwrap();
    kill(Pid::from_raw(server.pid()), Signal::SIGKILL).unwrap();
    server.ended().await;
    assert!(dir.path().join("postgres/postmaster.pid").exists());
    drop(server);
    assert!(
        start(dir.path(), free_port())
            .await
            .unwrap()
            .stop(PATIENCE)
            .await
    );
}

#[tokio::test]
async fn a_server_left_running_is_stopped_before_the_next() {
    let dir = folder();
    let left = start(dir.path(), free_port()).await.unwrap();
    let old = Pid::from_raw(left.pid());
    drop(left);
    let next = start(dir.path(), free_port()).await.unwrap();
    assert!(kill(old, None).is_err(), "the old one is gone");
    assert!(next.stop(PATIENCE).await);
}

#[tokio::test]
async fn a_taken_port_is_told_in_the_server_s_own_words() {
    let dir = folder();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = start(dir.path(), holder.local_addr().unwrap().port())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("Address already in use"),
        "{error}"
    );
}

/// Not a test of its own: the program that the next one kills. It works in its current folder.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn a_program_that_holds_a_server() {
    let server = start(Path::new("."), free_port()).await.unwrap();
    server.ended().await;
}

#[tokio::test]
async fn the_server_does_not_outlive_a_killed_program() {
    let dir = folder();
    let mut program = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "a_program_that_holds_a_server"])
        .current_dir(dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let file = dir.path().join("postgres/postmaster.pid");
    let ready = || fs::read_to_string(&file).is_ok_and(|text| text.contains("ready"));
    until(ready).await;
    let text = fs::read_to_string(&file).unwrap();
    let pid = Pid::from_raw(text.lines().next().unwrap().parse().unwrap());
    program.kill().unwrap();
    program.wait().unwrap();
    until(|| kill(pid, None).is_err()).await;
    assert!(!file.exists(), "it ended tidily");
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it comes true");
}
