//! The server's life, with PostgreSQL's real programs.

mod common;
#[path = "common/process.rs"]
mod process;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use base::Tasks;
use cluster::{Error, Options, Server};
use common::{connect, folder, options, show, start};
use nix::sys::signal::{Signal, kill};
use process::{has_ended, postmaster, until};

#[tokio::test]
async fn it_starts_stops_tidily_and_starts_again_with_its_data() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    client
        .batch_execute("create table kept as select 42 as n")
        .await
        .unwrap();
    server.stop().await.unwrap();
    assert_eq!(postmaster(dir.path()), None, "it stopped tidily");
    let server = start(dir.path()).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "select n from kept").await, "42");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_cluster_is_set_up_for_us() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    for (setting, expected) in [
        ("wal_level", "logical"),
        ("max_slot_wal_keep_size", "4GB"),
        ("jit", "off"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("listen_addresses", ""),
        ("max_connections", "100"),
    ] {
        let found = show(&client, &format!("current_setting('{setting}')")).await;
        assert_eq!(found, expected, "{setting}");
    }
    let rules = "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256' or error is not null";
    assert_eq!(show(&client, rules).await, "0");
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["db", "lock", "logs", "run"].contains(&name.as_str()))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "no password file stays");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn as_root_it_runs_under_an_account_that_owns_only_its_own_folders() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    for name in ["db", "run", "logs"] {
        let found = fs::metadata(dir.path().join(name)).unwrap();
        assert_ne!(found.uid(), 0, "{name}");
        assert_eq!(found.permissions().mode() & 0o777, 0o700, "{name}");
    }
    let pid = postmaster(dir.path()).unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let uids = status
        .lines()
        .find(|line| line.starts_with("Uid:"))
        .unwrap();
    assert!(
        uids.split_whitespace().skip(1).all(|uid| uid != "0"),
        "{uids}"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_data_folder_closed_to_others_is_opened_to_the_account_only() {
    let dir = folder();
    let data_dir = dir.path().join("closed");
    fs::create_dir(&data_dir).unwrap();
    fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o700)).unwrap();
    start(&data_dir).await.unwrap().stop().await.unwrap();
    let mode = fs::metadata(&data_dir).unwrap().permissions().mode();
    assert_eq!(
        mode & 0o067,
        0,
        "nobody else passes, nobody lists: {mode:o}"
    );
}

#[tokio::test]
async fn below_a_closed_folder_the_data_lives_elsewhere_and_is_found_again() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = folder();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = dir.path().join("data");
    let server = start(&data_dir).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    client.batch_execute("create table kept ()").await.unwrap();
    server.stop().await.unwrap();
    let home = fs::read_link(data_dir.join("db")).unwrap();
    assert!(
        home.starts_with("/var/lib/passerelle"),
        "{}",
        home.display()
    );

    let moved = dir.path().join("moved");
    fs::rename(&data_dir, &moved).unwrap();
    let server = start(&moved).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "to_regclass('kept')").await, "kept");
    server.stop().await.unwrap();
    fs::remove_dir_all(home.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_long_path_gets_its_socket_in_a_short_one() {
    let dir = folder();
    let data_dir = dir.path().join("long".repeat(25));
    let server = start(&data_dir).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "1").await, "1");
    let short = server.socket_dir().to_owned();
    assert!(!short.starts_with(dir.path()), "{}", short.display());
    assert_eq!(
        fs::metadata(&short).unwrap().permissions().mode() & 0o777,
        0o700
    );
    server.stop().await.unwrap();
    fs::remove_dir_all(short).unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_with_every_acknowledged_row() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    let client = connect(&server.admin("postgres")).await;
    client
        .batch_execute("create table acknowledged as select generate_series(1, 1000) as n")
        .await
        .unwrap();
    let old = postmaster(dir.path()).unwrap();
    kill(old, Signal::SIGKILL).unwrap();
    until(|| postmaster(dir.path()).is_some_and(|pid| pid != old)).await;
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(
        show(&client, "select count(*) from acknowledged").await,
        "1000"
    );
    server.stop().await.unwrap();
    assert_eq!(postmaster(dir.path()), None);
}

#[tokio::test]
async fn a_stale_pid_file_is_no_obstacle() {
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    // Our own number: alive, and no server of this folder.
    let text = format!(
        "{}\n{}\n",
        std::process::id(),
        dir.path().join("db").display()
    );
    fs::write(dir.path().join("db/postmaster.pid"), text).unwrap();
    start(dir.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn two_programs_cannot_have_one_data_folder() {
    let dir = folder();
    let (tasks, other) = (Tasks::new(), Tasks::new());
    let (one, two) = tokio::join!(
        Server::start(options(dir.path()), &tasks),
        Server::start(options(dir.path()), &other)
    );
    let (server, error) = match (one, two) {
        (Ok(server), Err(error)) | (Err(error), Ok(server)) => (server, error),
        both => panic!("one of them: {both:?}"),
    };
    assert!(matches!(error, Error::InUse(_)), "{error}");
    server.stop().await.unwrap();
    start(dir.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_an_error_when_meant_and_the_next_is_taken_when_not() {
    let dir = folder();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let meant = Options {
        port,
        port_is_explicit: true,
        ..options(dir.path())
    };
    let error = Server::start(meant.clone(), &Tasks::new())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::PortTaken(taken) if taken == port),
        "{error}"
    );
    assert_eq!(error.code(), "port_taken");
    let wished = Options {
        port_is_explicit: false,
        ..meant
    };
    let server = Server::start(wished, &Tasks::new()).await.unwrap();
    let found = server.tcp_port().unwrap();
    assert!(found > port);
    assert_eq!(server.socket_port(), found);
    let loopback = server
        .admin("postgres")
        .expose()
        .replace(&server.socket_dir().display().to_string(), "127.0.0.1");
    let client = connect(&loopback.into()).await;
    assert_eq!(show(&client, "inet_server_port()").await, found.to_string());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_stays_while_the_program_s_tasks_end() {
    let dir = folder();
    let tasks = Tasks::new();
    let server = Server::start(options(dir.path()), &tasks).await.unwrap();
    assert!(tasks.shut_down(common::PATIENCE).await);
    let client = connect(&server.admin("postgres")).await;
    assert_eq!(show(&client, "1").await, "1");
    server.stop().await.unwrap();
    assert_eq!(postmaster(dir.path()), None, "it stopped tidily");
}

#[tokio::test]
async fn a_start_ends_when_the_program_is_told_to_stop() {
    let dir = folder();
    let tasks = Tasks::new();
    tasks.soft().cancel();
    let error = Server::start(options(dir.path()), &tasks)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    start(dir.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_server_let_go_of_ends_tidily() {
    let dir = folder();
    let server = start(dir.path()).await.unwrap();
    let pid = postmaster(dir.path()).unwrap();
    drop(server);
    until(|| has_ended(pid)).await;
    assert_eq!(postmaster(dir.path()), None);
}
