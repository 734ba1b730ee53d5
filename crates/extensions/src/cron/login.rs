//! How a job's session becomes its user.
//!
//! A session that begins as an administrator and then sets a role can reset it: the command of any job would have the
//! administrator's rights. And nobody knows the users' passwords. So each user that has jobs gets a login role of our
//! own, `passerelle_as_<oid>`, which is a member of that user and of nothing else, inherits nothing, and whose
//! sessions begin as that user (`alter role … set role`): `reset role` leads back to the same user. Its password is
//! derived from the project's secret like those of the services.

use std::collections::BTreeMap;

use base::Secret;
use pg::{Error, Pool};
use tokio::sync::Mutex;

/// A login that becomes a job's user.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) role: String,
    pub(super) password: Secret,
}

/// Why there is none.
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

/// The logins that were made by this process.
#[derive(Debug)]
pub(super) struct Logins {
    pool: Pool,
    secret: Secret,
    made: Mutex<BTreeMap<String, Login>>,
}

impl Logins {
    pub(super) fn new(pool: Pool, secret: Secret) -> Self {
        Self {
            pool,
            secret,
            made: Mutex::new(BTreeMap::new()),
        }
    }

    /// The login for a user; made, or made right, unless it is `known` to this process.
    pub(super) async fn of(&self, user: &str, known: bool) -> Result<Login, NoLogin> {
        let mut made = self.made.lock().await;
        if let Some(login) = made.get(user).filter(|_| known) {
            return Ok(login.clone());
        }
        let refused = |source| NoLogin::Refused {
            user: user.to_owned(),
            source,
        };
        let login = self
            .make(user)
            .await
            .map_err(refused)?
            .ok_or_else(|| NoLogin::NoRole(user.to_owned()))?;
        made.insert(user.to_owned(), login.clone());
        Ok(login)
    }

    async fn make(&self, user: &str) -> Result<Option<Login>, Error> {
        let client = self.pool.get().await?;
        let Some(row) = client
            .query_opt(include_str!("sql/user.sql"), &[&user])
            .await?
        else {
            return Ok(None);
        };
        let role: String = row.try_get(0)?;
        let (exists, modern): (bool, bool) = (row.try_get(1)?, row.try_get(2)?);
        let password = database::role_password(&self.secret, &role);
        // What is sent is the verifier, so that no log holds the password.
        let verifier = postgres_protocol::password::scram_sha_256(password.expose().as_bytes());
        let (ident, user) = (sql::Ident::new(&role), sql::Ident::new(user));
        let statements = format!(
            "{} role {ident} login noinherit password {};\n\
             grant {user} to {ident}{};\n\
             alter role {ident} set role = {user}",
            if exists { "alter" } else { "create" },
            sql::quote_literal(&verifier),
            if modern {
                " with inherit false, set true"
            } else {
                ""
            },
        );
        client.batch_execute(&statements).await?;
        Ok(Some(Login { role, password }))
    }
}
