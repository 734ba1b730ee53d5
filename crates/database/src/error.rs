//! Why a database could not be prepared.

/// Why a database could not be prepared; each with a remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused something, or cannot be reached.
    #[error("preparing the database failed at {step}: {source}")]
    Step {
        /// Which step.
        step: &'static str,
        /// What PostgreSQL said.
        source: pg::Error,
    },
    /// The administrator cannot be reached or may not log in.
    #[error("the database cannot be reached as {user}: {source}")]
    Connect {
        /// The login.
        user: String,
        /// Why.
        source: pg::Error,
    },
    /// The administrator may not create roles.
    #[error("role {user} may not create roles in this cluster")]
    NoRights {
        /// The login.
        user: String,
    },
    /// Older or newer than what is supported.
    #[error("PostgreSQL {found} is not supported; 14 to 18 are")]
    Version {
        /// `server_version`.
        found: String,
    },
    /// Not UTF-8.
    #[error("database {name} has encoding {encoding}; UTF8 is needed")]
    Encoding {
        /// The database.
        name: String,
        /// Its encoding.
        encoding: String,
    },
    /// A service's schema change failed; it was undone whole.
    #[error("schema {schema}, change {version} ({name}) failed: {source}")]
    Migration {
        /// The schema.
        schema: &'static str,
        /// The version.
        version: &'static str,
        /// Its name.
        name: &'static str,
        /// What PostgreSQL said.
        source: pg::Error,
    },
    /// A change that was applied before reads differently now.
    #[error("schema {schema}, change {version} was applied in another wording")]
    Changed {
        /// The schema.
        schema: String,
        /// The version.
        version: String,
    },
    /// None of the passwords we know opens a service's role.
    #[error("role {role} cannot log in: {source}")]
    Login {
        /// The role.
        role: &'static str,
        /// What PostgreSQL said.
        source: pg::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Connect { .. } => {
                "check the address, the login and the password in the database URL".into()
            }
            Self::NoRights { user } => {
                format!("log in as a superuser, or run: alter role \"{user}\" createrole createdb")
            }
            Self::Version { .. } => "use a cluster of PostgreSQL 14 to 18".into(),
            Self::Encoding { .. } => {
                "name another database, or create one with encoding UTF8".into()
            }
            Self::Changed { .. } => {
                "start the release that prepared this database, or a newer one".into()
            }
            Self::Login { role, .. } => format!(
                "set its password to the configured one, or let it be chosen again: alter role {role} password null"
            ),
            Self::Step { .. } | Self::Migration { .. } => {
                "nothing of this step was kept; mend what PostgreSQL reports and start again".into()
            }
        }
    }
}
