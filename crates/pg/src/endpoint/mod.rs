//! Where a cluster is and how to log in.

mod files;
mod libpq;
mod params;
mod tls;
mod variables;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

pub use files::TlsFiles;
pub(crate) use tls::Mode;
use tls::Tls;

/// An address and a login. Shows itself without the password.
#[derive(Clone)]
pub struct Endpoint {
    config: Config,
    tls: Tls,
}

/// A connection string that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the connection string is not valid: {0}")]
pub struct EndpointError(pub(crate) String);

impl Endpoint {
    /// Reads a libpq URI (`postgresql://…`) or a `key=value` string: several hosts, Unix sockets, IPv6,
    /// percent-encoding, and `sslmode`, `sslrootcert`, `sslcert`, `sslkey` as libpq means them. A parameter
    /// that libpq does not know, or that would change nothing here, is an error rather than a surprise.
    /// `PG*` variables, password files and services are `settings`' business.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let params = params::read(text)?;
        let tls = Tls::read(&params)?;
        let mut config = params::configure(&params)?;
        config.ssl_mode(tls.mode().weakest());
        if config.get_hosts().iter().all(is_unix) {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        }
        Ok(Self { config, tls })
    }

    /// The same address with another login.
    #[must_use]
    pub fn with_login(&self, user: &str, password: &str) -> Self {
        let mut endpoint = self.clone();
        endpoint.config.user(user).password(password);
        endpoint
    }

    /// The same address and login, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut endpoint = self.clone();
        endpoint.config.dbname(name);
        endpoint
    }

    /// The same, shown under this name in `pg_stat_activity`.
    #[must_use]
    pub fn with_application_name(&self, name: &str) -> Self {
        let mut endpoint = self.clone();
        endpoint.config.application_name(name);
        endpoint
    }

    /// The same, its sessions starting with a setting of their own, which `reset` goes back to.
    #[must_use]
    pub fn with_setting(&self, name: &str, value: &str) -> Self {
        let mut endpoint = self.clone();
        let before = endpoint.config.get_options().unwrap_or_default();
        // The server splits at white space that no backslash stands before.
        let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
        let options = format!("{before} -c {name}={value}")
            .trim_start()
            .to_owned();
        endpoint.config.options(options);
        endpoint
    }

    /// The login role.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("postgres")
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }

    /// For tokio-postgres and everything that speaks its configuration. Certificates are not part of it:
    /// connect with [`Endpoint::tls`], or with [`Endpoint::connect`].
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What `config().connect(…)` takes. Reads the certificate files named in the connection string.
    pub fn tls(&self) -> Result<MakeRustlsConnect, EndpointError> {
        Ok(MakeRustlsConnect::new((*self.tls.client()?).clone()))
    }

    /// A connection outside any pool, driven by a task of its own that ends with the client.
    pub async fn connect(&self) -> Result<tokio_postgres::Client, Error> {
        let tls = self
            .tls()
            .map_err(|error| Error::Connect(error.to_string()))?;
        let (client, driver) = self.config.connect(tls).await.map_err(Error::connecting)?;
        crate::task::detached(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        Ok(client)
    }

    /// How much TLS is asked for.
    pub(crate) fn tls_mode(&self) -> Mode {
        self.tls.mode()
    }

    /// rustls' side of it.
    pub(crate) fn tls_client(&self) -> Result<Arc<rustls::ClientConfig>, EndpointError> {
        self.tls.client()
    }
}

fn is_unix(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} at ", self.database(), self.user())?;
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
            let comma = if index > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) if name.contains(':') => write!(f, "{comma}[{name}]:{port}")?,
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        Ok(())
    }
}
