//! The services' logins: a password of their own each, derived, never stored in the clear.

use std::collections::BTreeMap;

use base::Secret;
use pg::{Endpoint, Error as PgError};
use tokio_postgres::Client;

use crate::vault::SessionKey;
use crate::{Error, Options, role_password};

/// The roles that services log in as.
pub(crate) const LOGIN_ROLES: [&str; 4] = [
    "authenticator",
    "supabase_auth_admin",
    "supabase_storage_admin",
    "supabase_replication_admin",
];

/// How each service logs in.
#[derive(Debug, Clone)]
pub struct Logins {
    endpoint: Endpoint,
    passwords: BTreeMap<&'static str, Secret>,
    vault: SessionKey,
}

impl Logins {
    /// The address with the login of `role`, one of the services' roles.
    pub fn endpoint(&self, role: &str) -> Endpoint {
        let password = self
            .passwords
            .get(role)
            .expect("asked for a service's role");
        let endpoint = self.endpoint.with_login(role, password.expose());
        if role == "authenticator" {
            // What callers run may read secrets as `service_role`.
            self.vault.lend(endpoint)
        } else {
            endpoint
        }
    }

    pub(crate) fn with_vault(self, vault: SessionKey) -> Self {
        Self { vault, ..self }
    }

    /// Gives every login role without a password its derived one, then finds out which password opens each: a
    /// role that had one already keeps it, and it must be the derived or the configured one.
    pub(crate) async fn settle(
        client: &Client,
        endpoint: &Endpoint,
        options: &Options,
    ) -> Result<Self, Error> {
        let is_super: bool = one(client, include_str!("sql/is_superuser.sql")).await?;
        for role in LOGIN_ROLES {
            let derived = role_password(&options.role_secret, role);
            let known = [derived.clone(), options.owner_password.clone()];
            // Without a superuser nobody can see whether a role has a password; one that opens must stay.
            if is_super || opens(endpoint, role, known).await.is_err() {
                give_password(client, role, &derived, is_super).await?;
            }
        }
        if !options.owner_password.is_empty() {
            give_password(client, "postgres", &options.owner_password, is_super).await?;
        }
        let mut passwords = BTreeMap::new();
        for role in LOGIN_ROLES {
            let derived = role_password(&options.role_secret, role);
            passwords.insert(
                role,
                opens(endpoint, role, [derived, options.owner_password.clone()]).await?,
            );
        }
        Ok(Self {
            endpoint: endpoint.clone(),
            passwords,
            vault: SessionKey::default(),
        })
    }
}

async fn one(client: &Client, sql: &str) -> Result<bool, Error> {
    let row = client.query_one(sql, &[]).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|error| Error::Step {
            step: "logins",
            source: error.into(),
        })
}

/// Sets a password where there is none. What is sent is its SCRAM verifier, so that no log holds the password.
async fn give_password(
    client: &Client,
    role: &str,
    password: &Secret,
    is_super: bool,
) -> Result<(), Error> {
    let failed = |error: tokio_postgres::Error| Error::Step {
        step: "logins",
        source: error.into(),
    };
    if is_super {
        let row = client
            .query_one(include_str!("sql/has_password.sql"), &[&role])
            .await
            .map_err(failed)?;
        if row.try_get::<_, bool>(0).map_err(failed)? {
            return Ok(());
        }
    } else if role == "postgres" {
        // We may well be logged in as it, and cannot see whether it has a password.
        return Ok(());
    }
    let verifier = postgres_protocol::password::scram_sha_256(password.expose().as_bytes());
    let statement = format!(
        "alter role {} password {}",
        sql::Ident::new(role),
        sql::quote_literal(&verifier)
    );
    client.batch_execute(&statement).await.map_err(failed)
}

async fn opens<const N: usize>(
    endpoint: &Endpoint,
    role: &'static str,
    candidates: [Secret; N],
) -> Result<Secret, Error> {
    let mut last = PgError::Connect("no password is known".to_owned());
    for candidate in candidates {
        if candidate.is_empty() {
            continue;
        }
        let login = endpoint.with_login(role, candidate.expose());
        match login.connect().await {
            Ok(_) => return Ok(candidate),
            Err(error) => last = error,
        }
    }
    Err(Error::Login { role, source: last })
}
