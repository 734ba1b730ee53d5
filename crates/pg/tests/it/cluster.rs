//! A cluster of a test's own, to be stopped, started and logged in to in unusual ways.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pg::Endpoint;

use crate::support::PATIENCE;

/// Stopped and removed when dropped.
pub(crate) struct Cluster {
    dir: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    /// A running cluster with these lines as `pg_hba.conf`.
    pub(crate) fn start(hba: &str, settings: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-pg-")
            .tempdir()
            .unwrap();
        let port = testkit::free_port();
        let cluster = Self { dir, port };
        let path = cluster.path().display().to_string();
        // The folder belongs to the user that the server runs as; made by us, given to it.
        run(Command::new("chmod").args(["0777", &path]));
        let initdb = testkit::program("initdb");
        run(&mut testkit::as_server_user(&format!(
            "{} -D {path}/data -U supabase_admin -A trust -E UTF8 --locale=C.UTF-8 --no-sync",
            initdb.display()
        )));
        let settings = format!(
            "unix_socket_directories = '{path}'\nport = {port}\nlisten_addresses = '127.0.0.1'\nfsync = off\n\
             max_connections = 40\nshared_buffers = '16MB'\n{settings}\n"
        );
        cluster.write("data/postgresql.auto.conf", &settings);
        cluster.write("data/pg_hba.conf", hba);
        cluster.up();
        cluster
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file that belongs to the server's user.
    fn write(&self, name: &str, text: &str) {
        let quoted = text.replace('\'', r"'\''");
        let target = self.path().join(name);
        run(&mut testkit::as_server_user(&format!(
            "umask 077; printf '%s' '{quoted}' > {}",
            target.display()
        )));
    }

    /// A folder with `server.crt` and `server.key` for these names, signed by `ca.crt`.
    pub(crate) fn certificates(names: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::Builder::new()
            .prefix("passerelle-tls-")
            .tempdir()
            .unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let certificate = rcgen::CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let file = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        file("ca.crt", &ca_certificate.pem());
        file("server.crt", &certificate.pem());
        file("server.key", &key.serialize_pem());
        let root = dir.path().join("ca.crt");
        (dir, root)
    }

    /// Gives the server its certificate and turns TLS on.
    pub(crate) fn use_certificates(&self, dir: &Path) {
        for name in ["server.crt", "server.key"] {
            self.write(
                &format!("data/{name}"),
                &std::fs::read_to_string(dir.join(name)).unwrap(),
            );
        }
        run(&mut testkit::as_server_user(&format!(
            "echo 'ssl = on' >> {}/data/postgresql.auto.conf",
            self.path().display()
        )));
        self.down("fast");
        self.up();
    }

    /// Starts it and waits until it takes connections.
    pub(crate) fn up(&self) {
        self.ctl("start -w -t 600 -l log");
    }

    /// `smart`, `fast` or `immediate`.
    pub(crate) fn down(&self, mode: &str) {
        self.ctl(&format!("stop -w -t 600 -m {mode}"));
    }

    fn ctl(&self, what: &str) {
        let path = self.path().display();
        let ctl = testkit::program("pg_ctl");
        run(&mut testkit::as_server_user(&format!(
            "cd {path} && {} -s -D data {what} >/dev/null 2>&1",
            ctl.display()
        )));
    }

    /// Over its socket, as the superuser.
    pub(crate) fn admin(&self) -> Endpoint {
        self.endpoint(&format!(
            "host={} user=supabase_admin",
            self.path().display()
        ))
    }

    /// `text` is a connection string without the port.
    pub(crate) fn endpoint(&self, text: &str) -> Endpoint {
        Endpoint::parse(&format!("{text} port={} dbname=postgres", self.port)).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let path = self.path().display().to_string();
        let ctl = testkit::program("pg_ctl");
        let stop = format!(
            "{} -s -D {path}/data stop -m immediate; rm -rf {path}/data {path}/log",
            ctl.display()
        );
        let _ = testkit::as_server_user(&stop).output();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Tries until it works; the bound is for what never does.
pub(crate) async fn eventually<T, E: std::fmt::Debug>(
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let began = tokio::time::Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(error) => assert!(began.elapsed() < PATIENCE, "it never worked: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
