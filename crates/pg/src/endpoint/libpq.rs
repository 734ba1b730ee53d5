//! The same address for programs that use libpq: PostgreSQL's own client tools.

use tokio_postgres::config::Host;

use super::{Endpoint, Mode};

impl Endpoint {
    /// The environment that leads libpq's programs to this address and login. The password is not part of it: it is
    /// [`Endpoint::password`]'s, for a password file.
    pub fn libpq_environment(&self) -> Vec<(&'static str, String)> {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let ports: Vec<String> = self
            .config
            .get_ports()
            .iter()
            .map(ToString::to_string)
            .collect();
        let mode = match self.tls.mode() {
            Mode::Disable => "disable",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        };
        let mut variables = vec![
            ("PGHOST", hosts.join(",")),
            ("PGPORT", ports.join(",")),
            ("PGUSER", self.user().to_owned()),
            ("PGDATABASE", self.database().to_owned()),
            ("PGSSLMODE", mode.to_owned()),
        ];
        let (root, identity) = self.tls.files();
        match root {
            Some(root) => variables.push(("PGSSLROOTCERT", root.display().to_string())),
            None if matches!(self.tls.mode(), Mode::VerifyCa | Mode::VerifyFull) => {
                variables.push(("PGSSLROOTCERT", "system".to_owned()));
            }
            None => {}
        }
        if let Some((certificate, key)) = identity {
            variables.push(("PGSSLCERT", certificate.display().to_string()));
            variables.push(("PGSSLKEY", key.display().to_string()));
        }
        let named = [
            ("PGAPPNAME", self.config.get_application_name()),
            ("PGOPTIONS", self.config.get_options()),
        ];
        for (name, value) in named {
            variables.extend(value.map(|value| (name, value.to_owned())));
        }
        if let Some(timeout) = self.config.get_connect_timeout() {
            variables.push(("PGCONNECT_TIMEOUT", timeout.as_secs().max(1).to_string()));
        }
        variables.retain(|(_, value)| !value.is_empty());
        variables
    }

    /// The password, if one is part of the login.
    pub fn password(&self) -> Option<base::Secret> {
        let bytes = self.config.get_password()?;
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        (!text.is_empty()).then(|| base::Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn libpq_is_told_everything_but_the_password() {
        let text =
            "postgresql://ann:p%40ss@db.example:6432/shop?sslmode=require&application_name=x";
        let endpoint = Endpoint::parse(text).unwrap();
        let expected = [
            ("PGHOST", "db.example"),
            ("PGPORT", "6432"),
            ("PGUSER", "ann"),
            ("PGDATABASE", "shop"),
            ("PGSSLMODE", "require"),
            ("PGAPPNAME", "x"),
        ];
        let variables = endpoint.libpq_environment();
        let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(variables, expected);
        assert_eq!(endpoint.password().unwrap().expose(), "p@ss");
        let local = Endpoint::parse("host=/run/pg user=ann").unwrap();
        assert_eq!(local.libpq_environment()[0], ("PGHOST", "/run/pg".into()));
        assert!(local.password().is_none());
    }
}
