//! What is found on a data folder, and what becomes of it.

mod common;
#[path = "common/process.rs"]
mod process;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use base::Tasks;
use cluster::{Error, Options, Server};
use common::{connect, folder, options, show, start};
use nix::sys::signal::{Signal, kill};
use process::{has_ended, postmaster, until};

#[tokio::test]
async fn another_major_version_is_refused_with_the_way_out() {
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    fs::write(dir.path().join("db/PG_VERSION"), "9\n").unwrap();
    let error = start(dir.path()).await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherMajor { found, .. } if found == "9"),
        "{error}"
    );
    let remedy = error.remedy();
    assert!(
        remedy.contains("PostgreSQL 9") && remedy.contains("pg_upgrade"),
        "{remedy}"
    );
}

#[tokio::test]
async fn a_folder_of_something_else_is_left_alone() {
    let dir = folder();
    fs::create_dir(dir.path().join("db")).unwrap();
    fs::write(dir.path().join("db/diary"), "mine").unwrap();
    let error = start(dir.path()).await.unwrap_err();
    assert!(matches!(error, Error::NotACluster(_)), "{error}");
    assert_eq!(
        fs::read_to_string(dir.path().join("db/diary")).unwrap(),
        "mine"
    );
}

#[tokio::test]
async fn what_an_interrupted_first_start_left_is_cleared() {
    let dir = folder();
    fs::create_dir_all(dir.path().join("db.new/data/base")).unwrap();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    assert!(!dir.path().join("db.new").exists());
}

#[tokio::test]
async fn a_named_folder_without_programs_is_not_passed_over_in_silence() {
    let dir = folder();
    let named = Options {
        bin_dir: Some(dir.path().to_owned()),
        ..options(dir.path())
    };
    let error = Server::start(named, &Tasks::new()).await.unwrap_err();
    assert!(matches!(error, Error::NotUsable(_)), "{error}");
}

#[tokio::test]
async fn a_broken_setting_is_told_in_the_server_s_own_words() {
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    fs::write(
        dir.path().join("db/postgresql.auto.conf"),
        "no_such_setting = 1\n",
    )
    .unwrap();
    let error = start(dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn the_server_does_not_outlive_a_killed_program() {
    let dir = folder();
    let mut program = hold(dir.path());
    until(|| ready(dir.path())).await;
    let pid = postmaster(dir.path()).unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    until(|| has_ended(pid)).await;
    assert_eq!(postmaster(dir.path()), None, "it ended tidily");
}

#[tokio::test]
async fn a_server_left_behind_is_stopped_before_the_next_and_keeps_its_rows() {
    let dir = folder();
    let mut program = hold(dir.path());
    until(|| ready(dir.path())).await;
    let old = postmaster(dir.path()).unwrap();
    // Held still, it cannot act on its program's death: that is what an orphan looks like.
    kill(old, Signal::SIGSTOP).unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    let waker = Tasks::new();
    let next = start(dir.path());
    waker.spawn("waker", async move {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let _ = kill(old, Signal::SIGCONT);
    });
    let server = next.await.unwrap();
    until(|| has_ended(old)).await;
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "1").await, "1");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_program_and_its_server_killed_at_once_lose_nothing() {
    let dir = folder();
    let mut program = hold(dir.path());
    until(|| ready(dir.path())).await;
    let old = postmaster(dir.path()).unwrap();
    program.kill().unwrap();
    let _ = kill(old, Signal::SIGKILL);
    program.wait().unwrap();
    let server = start(dir.path()).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "pg_is_in_recovery()").await, "false");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_keeps_its_owner() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    let other = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let status = Command::new("chown")
        .args(["-R", &format!("{}:{}", other.uid, other.gid)])
        .args(["db", "run", "logs"].map(|name| dir.path().join(name)))
        .status()
        .unwrap();
    assert!(status.success());
    let server = start(dir.path()).await.unwrap();
    let pid = postmaster(dir.path()).unwrap();
    let found = fs::metadata(format!("/proc/{pid}")).unwrap();
    assert_eq!(found.uid(), other.uid.as_raw());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_log_is_put_aside_once() {
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    let log = dir.path().join("logs/postgres.log");
    let file = fs::OpenOptions::new().write(true).open(&log).unwrap();
    file.set_len(17 * 1024 * 1024).unwrap();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    assert!(fs::metadata(&log).unwrap().len() < 1024 * 1024);
    assert!(dir.path().join("logs/postgres.log.1").exists());
}

fn hold(dir: &std::path::Path) -> std::process::Child {
    // `cargo test` builds the examples beside the test programs.
    let own = std::env::current_exe().expect("a test program");
    let example = own
        .ancestors()
        .nth(2)
        .expect("target")
        .join("examples/hold");
    Command::new(example)
        .arg(dir)
        .stdout(Stdio::null())
        .spawn()
        .expect("the example is built")
}

fn ready(dir: &std::path::Path) -> bool {
    fs::read_to_string(dir.join("db/postmaster.pid")).is_ok_and(|text| text.contains("ready"))
}

/// What keeps a server from starting passes: the watch goes on trying, and is there when it has.
#[tokio::test]
async fn a_server_that_cannot_start_is_tried_again_until_it_can() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    let settings = dir.path().join("db/postgresql.auto.conf");
    let before = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, "no_such_setting = 1\n").unwrap();
    kill(postmaster(dir.path()).unwrap(), Signal::SIGKILL).unwrap();
    let log = dir.path().join("logs/postgres.log");
    let failures = || {
        fs::read_to_string(&log)
            .unwrap_or_default()
            .matches("no_such_setting")
            .count()
    };
    until(|| failures() >= 3).await;
    fs::write(&settings, before).unwrap();
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "select 1").await, "1");
    server.stop().await.unwrap();
}
