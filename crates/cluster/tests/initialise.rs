//! A data directory made by PostgreSQL's real programs.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use base::Secret;
use cluster::{Account, Binaries, Cluster, Configuration, Error, Lock, initialise};

/// A folder that the account can pass through.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    dir
}

fn binaries(dir: &Path) -> Binaries {
    Binaries::find(None, dir).expect("this machine has PostgreSQL")
}

fn make(dir: &Path) -> Result<Cluster, Error> {
    let lock = Lock::take(dir)?;
    initialise(
        &lock,
        dir,
        &binaries(dir),
        Account::choose()?,
        &Secret::new("open-sesame"),
        Configuration {
            memory_mb: 2048,
            statement_statistics: false,
        },
    )
}

#[test]
fn the_first_start_makes_a_cluster_and_the_second_finds_it() {
    let dir = folder();
    let first = make(dir.path()).unwrap();
    assert!(first.created);
    let second = make(dir.path()).unwrap();
    assert!(!second.created);
    assert_eq!(first.path, second.path);
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "lock" && name != "postgres")
        .collect();
    assert_eq!(
        left,
        Vec::<std::ffi::OsString>::new(),
        "no password file stays"
    );
}

#[test]
fn nobody_comes_in_without_a_password_and_root_owns_nothing() {
    let dir = folder();
    let path = make(dir.path()).unwrap().path;
    let hba = fs::read_to_string(path.join("pg_hba.conf")).unwrap();
    assert!(
        hba.lines().all(|rule| rule.ends_with("scram-sha-256")),
        "{hba}"
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_ne!(fs::metadata(&path).unwrap().uid(), 0);
}

#[test]
fn postgres_itself_accepts_every_setting() {
    let dir = folder();
    let path = make(dir.path()).unwrap().path;
    // `-C` prints shared_buffers in pages of 8 kB: 128 MB.
    for (name, expected) in [
        ("wal_level", "logical"),
        ("jit", "off"),
        ("shared_buffers", "16384"),
    ] {
        let output = Account::choose()
            .unwrap()
            .command(&binaries(dir.path()).program("postgres"))
            .current_dir("/")
            .arg("-D")
            .arg(&path)
            .args(["-C", name])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn what_an_interrupted_attempt_left_is_cleared() {
    let dir = folder();
    fs::create_dir_all(dir.path().join("postgres.new/data/base")).unwrap();
    assert!(make(dir.path()).unwrap().created);
    assert!(!dir.path().join("postgres.new").exists());
}

#[test]
fn another_major_version_is_refused_with_the_way_out() {
    let dir = folder();
    let path = make(dir.path()).unwrap().path;
    fs::write(path.join("PG_VERSION"), "9\n").unwrap();
    let error = make(dir.path()).unwrap_err();
    assert!(
        matches!(&error, Error::OtherMajor { found, .. } if found == "9"),
        "{error}"
    );
    assert!(error.remedy().contains("pg_upgrade"), "{}", error.remedy());
    assert!(
        error.remedy().contains("PostgreSQL 9"),
        "{}",
        error.remedy()
    );
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let dir = folder();
    fs::create_dir(dir.path().join("postgres")).unwrap();
    fs::write(dir.path().join("postgres/diary"), "mine").unwrap();
    assert!(matches!(make(dir.path()), Err(Error::NotACluster(_))));
    assert_eq!(
        fs::read_to_string(dir.path().join("postgres/diary")).unwrap(),
        "mine"
    );
}

#[test]
fn two_programs_cannot_have_one_data_folder() {
    let dir = folder();
    let held = Lock::take(dir.path()).unwrap();
    assert!(matches!(make(dir.path()), Err(Error::InUse(_))));
    assert!(!dir.path().join("postgres").exists());
    drop(held);
    assert!(make(dir.path()).unwrap().created);
}

#[test]
fn a_named_folder_without_programs_is_not_passed_over_in_silence() {
    let dir = folder();
    let found = Binaries::find(Some(dir.path()), dir.path());
    assert!(matches!(found, Err(Error::NotUsable(_))), "{found:?}");
}
