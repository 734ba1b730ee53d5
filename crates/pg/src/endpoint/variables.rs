//! An address and a login for PostgreSQL's own programs, which find them in their environment.

use tokio_postgres::config::{Host, TargetSessionAttrs};

use super::{Endpoint, Mode};

impl Endpoint {
    /// The variables that `psql`, `pg_dump` and their like connect by; nothing of it needs to stand in a command
    /// line, which everybody on the machine can read.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let config = &self.config;
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let ports = config.get_ports().iter().map(u16::to_string);
        let mut variables = vec![
            ("PGUSER", self.user().to_owned()),
            ("PGDATABASE", self.database().to_owned()),
            ("PGSSLMODE", self.tls.mode().name().to_owned()),
        ];
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let ports = ports.collect::<Vec<_>>().join(",");
        let password = config.get_password().map(String::from_utf8_lossy);
        let (root, identity) = self.tls.files();
        let (cert, key) = identity.unzip();
        let path = |path: Option<std::path::PathBuf>| path.map(|path| path.display().to_string());
        let attributes = match config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => Some("read-write".to_owned()),
            TargetSessionAttrs::ReadOnly => Some("read-only".to_owned()),
            _ => None,
        };
        let timeout = config
            .get_connect_timeout()
            .map(|timeout| timeout.as_secs().to_string());
        let optional = [
            ("PGHOST", Some(hosts)),
            ("PGPORT", Some(ports)),
            ("PGPASSWORD", password.map(std::borrow::Cow::into_owned)),
            ("PGOPTIONS", config.get_options().map(str::to_owned)),
            (
                "PGAPPNAME",
                config.get_application_name().map(str::to_owned),
            ),
            ("PGCONNECT_TIMEOUT", timeout),
            ("PGTARGETSESSIONATTRS", attributes),
            ("PGSSLROOTCERT", path(root)),
            ("PGSSLCERT", path(cert)),
            ("PGSSLKEY", path(key)),
        ];
        let given = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        variables.extend(given);
        variables
    }
}

impl Mode {
    /// libpq's word for it.
    fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}
