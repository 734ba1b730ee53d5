//! PostgreSQL's client programs: found, of the right version, and led to a database without a secret in sight.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use pg::Endpoint;
use tempfile::NamedTempFile;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Error;

/// Variables of libpq that could lead elsewhere than where we mean.
const STRANGERS: [&str; 14] = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGSSLMODE",
    "PGTARGETSESSIONATTRS",
    "PGCLIENTENCODING",
    "PGSSLROOTCERT",
];

/// `pg_dump` and its companions.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Their folder; the search path when absent.
    binaries: Option<cluster::Binaries>,
    major: u32,
}

impl Programs {
    /// The programs of `bin_dir` or of the managed PostgreSQL, else those on the search path; not older than `server`'s
    /// major version (MIG-BAK-02).
    pub async fn find(bin_dir: Option<&Path>, data_dir: &Path, server: u32) -> Result<Self, Error> {
        let found = cluster::find(bin_dir, data_dir).ok();
        let mut newest: Option<(String, u32)> = None;
        for binaries in [found, None] {
            let there = binaries.is_some();
            let mut programs = Self { binaries, major: 0 };
            if let Some(major) = programs.version().await {
                programs.major = major;
                if major >= server {
                    return Ok(programs);
                }
                let path = programs.path("pg_dump").display().to_string();
                newest = newest.filter(|it| it.1 >= major).or(Some((path, major)));
            }
            // A folder that was named is meant.
            if bin_dir.is_some() && there {
                break;
            }
        }
        Err(match newest {
            Some((program, found)) => Error::TooOld {
                program,
                found,
                server,
            },
            None => Error::Missing {
                program: "pg_dump",
                purpose: "make a backup",
            },
        })
    }

    /// Their major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    fn path(&self, name: &str) -> PathBuf {
        self.binaries
            .as_ref()
            .map_or_else(|| name.into(), |binaries| binaries.program(name))
    }

    async fn version(&self) -> Option<u32> {
        let output = self.bare("pg_dump").arg("--version").output().await.ok()?;
        read_version(&String::from_utf8_lossy(&output.stdout))
    }

    fn bare(&self, name: &str) -> Command {
        let mut command = Command::new(self.path(name));
        if let Some(binaries) = &self.binaries {
            binaries.lend_libraries(command.as_std_mut());
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .env("LC_ALL", "C");
        command
    }

    /// A program that will log in at `endpoint` without asking; ended when it is no longer waited for.
    pub(super) fn command(
        &self,
        name: &'static str,
        endpoint: &Endpoint,
    ) -> Result<Prepared, Error> {
        let mut command = self.bare(name);
        for stranger in STRANGERS {
            command.env_remove(stranger);
        }
        command.envs(endpoint.libpq_environment());
        command.arg("--no-password");
        let secret = endpoint.password().map(|it| passfile(&it)).transpose()?;
        if let Some(file) = &secret {
            command.env("PGPASSFILE", file.path());
        }
        Ok(Prepared {
            name,
            command,
            secret,
        })
    }
}

/// A program about to run, and the file with its password, which goes when it is done.
#[derive(Debug)]
pub(super) struct Prepared {
    name: &'static str,
    pub(super) command: Command,
    secret: Option<NamedTempFile>,
}

impl Prepared {
    pub(super) fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Runs it to its end; what it said when it failed.
    pub(super) async fn run(self) -> Result<(), Error> {
        self.begin()?.end().await
    }

    /// Runs it on what it will be given.
    pub(super) fn fed(mut self) -> Result<Running, Error> {
        self.command.stdin(Stdio::piped());
        self.begin()
    }

    /// Runs it for what it writes.
    pub(super) fn read(mut self) -> Result<Running, Error> {
        self.command.stdout(Stdio::piped());
        self.begin()
    }

    fn begin(mut self) -> Result<Running, Error> {
        match self.command.spawn() {
            Ok(child) => Ok(Running {
                name: self.name,
                child,
                secret: self.secret,
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Missing {
                program: self.name,
                purpose: "work on a backup",
            }),
            Err(error) => Err(Error::file(Path::new(self.name), error)),
        }
    }
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Running {
    name: &'static str,
    child: Child,
    secret: Option<NamedTempFile>,
}

impl Running {
    /// Where it reads, once.
    pub(super) fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it is fed, and asked once")
    }

    /// What it writes, once.
    pub(super) fn output(&mut self) -> ChildStdout {
        self.child
            .stdout
            .take()
            .expect("it is read, and asked once")
    }

    /// Waits for its end; what it said when it failed.
    pub(super) async fn end(self) -> Result<(), Error> {
        let output = self.child.wait_with_output().await;
        let output: Output = output.map_err(|error| Error::file(Path::new(self.name), error))?;
        // Its password lies on the disk no longer than that.
        drop(self.secret);
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Program {
            program: self.name,
            status: output.status.to_string(),
            said: last_words(&String::from_utf8_lossy(&output.stderr)),
        })
    }
}

/// A password file that holds for every address: 0600, removed when dropped.
fn passfile(password: &base::Secret) -> Result<NamedTempFile, Error> {
    let mut file = tempfile::Builder::new()
        .prefix(".passerelle-")
        .tempfile()
        .map_err(|error| Error::file(&std::env::temp_dir(), error))?;
    let escaped = password.expose().replace('\\', "\\\\").replace(':', "\\:");
    writeln!(file, "*:*:*:*:{escaped}").map_err(|error| Error::file(file.path(), error))?;
    Ok(file)
}

/// The first complaint and the last: enough to act on.
fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| {
            ["error:", "ERROR:", "FATAL:", "DETAIL:", "HINT:"]
                .iter()
                .any(|word| line.contains(word))
        })
        .take(3)
        .collect();
    if lines.is_empty() {
        return said.lines().last().unwrap_or("").trim().to_owned();
    }
    lines.join("; ")
}

fn read_version(answer: &str) -> Option<u32> {
    let number = answer
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = number.find(|c: char| !c.is_ascii_digit());
    number[..digits.unwrap_or(number.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_every_packager_s_answer() {
        for (answer, expected) in [
            (
                "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n",
                Some(15),
            ),
            ("pg_dump (PostgreSQL) 18beta1\n", Some(18)),
            ("pg_dump (PostgreSQL) 9.6.24\n", Some(9)),
            ("", None),
        ] {
            assert_eq!(read_version(answer), expected, "{answer}");
        }
    }

    // MIG-SEC-01: the password is in a private file, neither an argument nor a variable.
    #[test]
    fn a_password_is_in_no_argument_and_in_no_variable() {
        use std::os::unix::fs::PermissionsExt as _;
        let programs = Programs {
            binaries: None,
            major: 15,
        };
        let endpoint = Endpoint::parse("postgresql://ann:s3cr%3At%5C@localhost/shop").unwrap();
        let prepared = programs.command("pg_dump", &endpoint).unwrap().arg("-Fc");
        let command = prepared.command.as_std();
        let shown = format!(
            "{:?} {:?}",
            command.get_args().collect::<Vec<_>>(),
            command.get_envs().collect::<Vec<_>>()
        );
        assert!(!shown.contains("s3cr"), "{shown}");
        let file = prepared.secret.as_ref().unwrap();
        let mode = file.as_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, "*:*:*:*:s3cr\\:t\\\\\n");
    }
}
