//! Where a cluster is and how to log in.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::Config;

/// An address and a login. Shows itself without the password.
#[derive(Clone)]
pub struct Endpoint {
    config: Config,
}

/// A connection string that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the connection string is not valid: {0}")]
pub struct EndpointError(String);

impl Endpoint {
    /// Reads a libpq URI (`postgresql://…`) or a `key=value` string.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let config = Config::from_str(text).map_err(|error| EndpointError(error.to_string()))?;
        Ok(Self { config })
    }

    /// The same address with another login.
    #[must_use]
    pub fn with_login(&self, user: &str, password: &str) -> Self {
        let mut config = self.config.clone();
        config.user(user).password(password);
        Self { config }
    }

    /// The same address and login, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut config = self.config.clone();
        config.dbname(name);
        Self { config }
    }

    /// The login role.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("postgres")
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }

    /// For tokio-postgres and everything that speaks its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} at {:?}", self.database(), self.user(), self.config.get_hosts())
    }
}
