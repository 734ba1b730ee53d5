//! Where the vault's key is kept (DB-SUB-02): never in the database.

use base::Secret;
use pg::Endpoint;
use tokio_postgres::Client;

use crate::options::VaultKeyPlace;
use crate::prepare::{failed, transaction};
use crate::{Error, Options, role_password};

/// What the vault's functions ask for before they look for a file.
const SETTING: &str = "passerelle.vault_key";

/// The key that our sessions bring with them; none where the server has it, or where there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionKey(Option<Secret>);

impl SessionKey {
    /// The endpoint whose sessions open the vault.
    pub(crate) fn lend(&self, endpoint: Endpoint) -> Endpoint {
        match &self.0 {
            Some(key) => endpoint.with_setting(SETTING, key.expose()),
            None => endpoint,
        }
    }
}

/// Puts the configured key, or rather one derived from it, where the options say.
pub(crate) async fn open(
    client: &Client,
    endpoint: &Endpoint,
    options: &Options,
) -> Result<SessionKey, Error> {
    let Some(key) = &options.vault_key else {
        return Ok(SessionKey::default());
    };
    let derived = role_password(key, "vault");
    match options.vault_key_place {
        VaultKeyPlace::ServerFile => {
            keep_in_file(client, &derived).await?;
            Ok(SessionKey::default())
        }
        VaultKeyPlace::Sessions => {
            let with_key = SessionKey(Some(derived));
            // Poolers in between may refuse what a session starts with.
            match with_key.lend(endpoint.clone()).connect().await {
                Ok(_) => Ok(with_key),
                Err(error) => {
                    tracing::warn!(%error, "sessions cannot bring the vault's key; the vault stays closed");
                    Ok(SessionKey::default())
                }
            }
        }
    }
}

/// The key goes into a file beside the cluster's data, once: another key would close what this one has locked.
async fn keep_in_file(client: &Client, key: &Secret) -> Result<(), Error> {
    let failed = |error| failed("vault key", error);
    let row = client
        .query_one(include_str!("sql/is_superuser.sql"), &[])
        .await
        .map_err(failed)?;
    // PostgreSQL checks the right to a function before it runs any part of a statement.
    if !row.try_get::<_, bool>(0).map_err(failed)? {
        return Ok(());
    }
    let row = client
        .query_one(include_str!("sql/vault_key_file.sql"), &[])
        .await
        .map_err(failed)?;
    let Some(file) = row.try_get::<_, Option<String>>(0).map_err(failed)? else {
        return Ok(());
    };
    let copy = format!(
        "set local log_statement = 'none'; set local log_min_duration_statement = -1; \
         set local log_min_error_statement = 'panic'; copy (select {}) to {}",
        sql::quote_literal(key.expose()),
        sql::quote_literal(&file)
    );
    if let Err(error) = transaction(client, "vault key", &copy).await {
        tracing::warn!(%error, "the vault's key could not be written; the vault stays closed");
    }
    Ok(())
}
