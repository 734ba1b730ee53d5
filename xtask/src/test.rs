//! `cargo xtask test`: what the tests need, then the tests.
//!
//! The tests need PostgreSQL's server programs, and Node and Python with the official client libraries. What
//! is missing is installed: system packages when run as root on a Debian-like machine, the libraries into
//! `target/clients`; PostgreSQL by the program's own `pg install` where no package can be installed.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::run;

/// Runs every test, or those whose name contains a filter.
pub(crate) fn run(filter: &[&str]) -> Result<()> {
    system_packages()?;
    let javascript = javascript_clients()?;
    let python = python_clients()?;
    let mut tests = Command::new("cargo");
    tests.args(["test", "--workspace", "--quiet"]);
    if !filter.is_empty() {
        tests.arg("--").args(filter);
    }
    tests
        .env("PASSERELLE_TEST_NODE_DIR", javascript)
        .env("PASSERELLE_TEST_PYTHON", python);
    if let Some(bin) = postgres()? {
        tests.env("PASSERELLE_PG_BIN", bin);
    }
    run::command(&mut tests)
}

/// Packages of the distribution that are missing, if we may install them.
fn system_packages() -> Result<()> {
    let mut wanted = Vec::new();
    if !run::has("node") || !run::has("npm") {
        wanted.extend(["nodejs", "npm"]);
    }
    if !run::has("python3") || !python_has_venv() {
        wanted.extend(["python3", "python3-venv"]);
    }
    if !run::has("curl") {
        wanted.push("curl");
    }
    if wanted.is_empty() {
        return Ok(());
    }
    if !run::has("apt-get") || !is_root() {
        bail!(
            "the tests need {}: install them and run this again",
            wanted.join(", ")
        );
    }
    println!("installing {}", wanted.join(", "));
    run::command(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-qq", "-y", "--no-install-recommends"])
        .args(&wanted);
    run::command(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn python_has_venv() -> bool {
    let status = Command::new("python3")
        .args(["-c", "import venv, ensurepip"])
        .status();
    status.is_ok_and(|status| status.success())
}

fn clients() -> PathBuf {
    run::root().join("target/clients")
}

/// `@supabase/supabase-js` as its lock file pins it.
fn javascript_clients() -> Result<PathBuf> {
    let source = run::root().join("crates/conformance/clients/js");
    let folder = clients().join("js");
    std::fs::create_dir_all(&folder)?;
    let lock = "package-lock.json";
    let same = std::fs::read(source.join(lock)).ok() == std::fs::read(folder.join(lock)).ok();
    if !same || !folder.join("node_modules/.package-lock.json").exists() {
        for name in ["package.json", lock] {
            std::fs::copy(source.join(name), folder.join(name))?;
        }
        run::command(
            Command::new("npm")
                .args(["ci", "--silent", "--prefix"])
                .arg(&folder),
        )?;
    }
    Ok(folder)
}

/// `supabase` for Python in an environment of its own.
fn python_clients() -> Result<PathBuf> {
    let source = run::root().join("crates/conformance/clients/python/requirements.txt");
    let folder = clients().join("python");
    let python = folder.join("bin/python");
    let installed = folder.join("requirements.txt");
    let same = std::fs::read(&source).ok() == std::fs::read(&installed).ok();
    if !same || !python.exists() {
        run::command(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        run::command(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "-r"])
                .arg(&source),
        )?;
        std::fs::copy(&source, &installed)?;
    }
    Ok(python)
}

/// A folder with PostgreSQL's programs, when the machine has none where tests look by themselves.
fn postgres() -> Result<Option<PathBuf>> {
    let found = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.path().join("bin/initdb").exists());
    #[expect(
        clippy::disallowed_methods,
        reason = "a task has no settings: its caller's environment is all there is"
    )]
    let named = std::env::var_os("PASSERELLE_PG_BIN").is_some();
    if found || named {
        return Ok(None);
    }
    // A folder that an unprivileged user can enter, since PostgreSQL refuses to run as root.
    let folder = PathBuf::from("/var/tmp/passerelle-test-runtime");
    let data_dir = folder.to_string_lossy().into_owned();
    run::cargo(&[
        "run",
        "--quiet",
        "--package",
        "passerelle",
        "--",
        "pg",
        "install",
        "--data-dir",
        &data_dir,
    ])?;
    let mut bins: Vec<PathBuf> = std::fs::read_dir(folder.join("runtime"))?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    bins.sort();
    Ok(bins.pop())
}
