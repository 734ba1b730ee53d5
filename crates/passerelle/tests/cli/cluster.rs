//! A cluster that somebody else runs, whose superuser is nobody that Supabase knows.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::place::free_port;

/// Stopped with the test.
pub(crate) struct Cluster {
    dir: PathBuf,
    port: u16,
}

impl Cluster {
    /// With further options of `postgres`.
    pub(crate) fn start(options: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-given-")
            .tempdir()
            .unwrap()
            .keep();
        let open = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777);
        std::fs::set_permissions(&dir, open).unwrap();
        let port = free_port();
        let (initdb, pg_ctl) = (testkit::program("initdb"), testkit::program("pg_ctl"));
        let (initdb, pg_ctl, folder) = (initdb.display(), pg_ctl.display(), dir.display());
        for command in [
            format!("{initdb} -D {folder}/data -U provider -A trust -E UTF8 --locale=C --no-sync"),
            format!(
                "{pg_ctl} -D {folder}/data -w -l {folder}/log -o \"-k {folder} -p {port} -c listen_addresses= -c fsync=off -c timezone=UTC {options}\" start"
            ),
        ] {
            let status = testkit::as_server_user(&command)
                .stdout(Stdio::null())
                .status();
            assert!(status.unwrap().success(), "{command}");
        }
        Self { dir, port }
    }

    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        let (host, port) = (self.dir.display(), self.port);
        format!("host={host} port={port} user={user} dbname={database}")
    }

    pub(crate) fn run(&self, sql: &str) {
        self.run_in("postgres", sql);
    }

    pub(crate) fn run_in(&self, database: &str, sql: &str) {
        let url = self.url("provider", database);
        let output = Command::new("psql")
            .args(["-X", "-v", "ON_ERROR_STOP=1", "-c", sql, &url])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Whether a file of this name lies beside the server's data.
    pub(crate) fn has_file(&self, name: &str) -> bool {
        let test = format!("test -e {}/data/{name}", self.dir.display());
        testkit::as_server_user(&test).status().unwrap().success()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let (pg_ctl, dir) = (testkit::program("pg_ctl"), self.dir.display());
        let command = format!(
            "{} -D {dir}/data -m immediate stop && rm -rf {dir}/data",
            pg_ctl.display()
        );
        let _ = testkit::as_server_user(&command)
            .stdout(Stdio::null())
            .status();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
