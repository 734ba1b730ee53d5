//! How a job's session becomes its user.
//!
//! A session that begins as an administrator and then sets a role can reset it: the command of any job would have the
//! administrator's rights. And nobody knows the users' passwords. So each user that has jobs gets a login role of our
//! own, `passerelle_as_<oid>`, which is a member of that user and of nothing else, inherits nothing, and whose
//! sessions begin as that user (`alter role … set role`): `reset role` leads back to the same user. Its password is
//! derived from the project's secret like those of the services. Only the administrator's own jobs run in sessions of
//! the administrator.
//!
//! The login of a superuser is one too: otherwise whoever may make roles could (before PostgreSQL 16) join it, and
//! become that superuser.

use std::collections::BTreeMap;

use base::Secret;
use pg::{Endpoint, Error, Pool};
use tokio::sync::Mutex;

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoLogin {
    #[error("role \"{0}\" does not exist")]
    NoRole(String),
    #[error("a login for role \"{user}\" cannot be made: {source}")]
    Refused {
        user: String,
        #[source]
        source: Error,
    },
}

/// What a login was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    /// The login's name.
    role: String,
    is_super: bool,
}

/// Logins for the users of jobs.
#[derive(Debug)]
pub(super) struct Logins {
    pool: Pool,
    secret: Secret,
    /// Those that were made, or made right, by this process.
    made: Mutex<BTreeMap<String, Facts>>,
}

impl Logins {
    /// Roles belong to the cluster: another database's leader may make the same login at the same moment.
    const ATTEMPTS: u32 = 5;

    pub(super) fn new(pool: Pool, secret: Secret) -> Self {
        Self {
            pool,
            secret,
            made: Mutex::new(BTreeMap::new()),
        }
    }

    /// Where and how sessions of a user begin. A login that was made before serves again, unless it is not `trusted`.
    pub(super) async fn of(&self, user: &str, trusted: bool) -> Result<Endpoint, NoLogin> {
        for _ in 1..Self::ATTEMPTS {
            match self.attempt(user, trusted).await {
                Err(NoLogin::Refused { source, .. }) if is_crossed(&source) => {}
                done => return done,
            }
        }
        self.attempt(user, trusted).await
    }

    async fn attempt(&self, user: &str, trusted: bool) -> Result<Endpoint, NoLogin> {
        let endpoint = self.pool.endpoint();
        if endpoint.user() == user {
            return Ok(endpoint.clone());
        }
        let refused = |source| NoLogin::Refused {
            user: user.to_owned(),
            source,
        };
        let mut made = self.made.lock().await;
        let client = self.pool.get().await.map_err(refused)?;
        let row = client
            .query_opt(include_str!("sql/user.sql"), &[&user])
            .await
            .map_err(|error| refused(error.into()))?
            .ok_or_else(|| NoLogin::NoRole(user.to_owned()))?;
        let facts = Facts {
            role: row.get(0),
            is_super: row.get(1),
        };
        let password = database::role_password(&self.secret, &facts.role);
        if !trusted || made.get(user) != Some(&facts) {
            let statements = statements(user, &facts, &password, &row);
            let done = client.batch_execute(&statements).await;
            done.map_err(|error| refused(error.into()))?;
            made.insert(user.to_owned(), facts.clone());
        }
        Ok(endpoint.with_login(&facts.role, password.expose()))
    }
}

/// Whether somebody else was making the same login: it exists by now, or its row was changed under our hands.
fn is_crossed(error: &Error) -> bool {
    matches!(error.code(), Some("23505" | "42710" | "XX000"))
}

/// Makes a login, or makes it right. What is sent of the password is its verifier, so that no log holds it.
fn statements(user: &str, facts: &Facts, password: &Secret, row: &tokio_postgres::Row) -> String {
    let (exists, modern, was_super): (bool, bool, bool) = (row.get(2), row.get(3), row.get(4));
    let verifier = postgres_protocol::password::scram_sha_256(password.expose().as_bytes());
    let (ident, user) = (sql::Ident::new(&facts.role), sql::Ident::new(user));
    // Only a superuser may name the attribute, even to say no.
    let attribute = match (facts.is_super, was_super) {
        (true, _) => "superuser ",
        (false, true) => "nosuperuser ",
        (false, false) => "",
    };
    format!(
        "{} role {ident} {attribute}login noinherit password {};\n\
         grant {user} to {ident}{};\n\
         alter role {ident} set role = {user}",
        if exists { "alter" } else { "create" },
        sql::quote_literal(&verifier),
        if modern {
            " with inherit false, set true"
        } else {
            ""
        },
    )
}
