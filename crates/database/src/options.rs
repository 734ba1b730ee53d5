//! What the preparation needs to know.

use base::Secret;
use settings::OwnerRole;

/// Where the vault finds its key (DB-SUB-02); in the database itself it is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultKeyPlace {
    /// In a file beside the data of our own cluster: the vault is open to all who have the right to it.
    ServerFile,
    /// In the sessions that this program opens for requests, jobs and a project's SQL. On a cluster that was given
    /// nothing is written into the server's folder; other logins find the vault closed.
    Sessions,
}

/// What the preparation needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the database; made when missing.
    pub name: String,
    /// Password of role `postgres`; written only while it has none.
    pub owner_password: Secret,
    /// From which the services' passwords are derived.
    pub role_secret: Secret,
    /// Lifetime of access tokens in seconds, for `app.settings.jwt_exp`.
    pub jwt_expiry: u64,
    /// The JWT secret, for `app.settings.jwt_secret`; `None` keeps it out of the database.
    pub exposed_jwt_secret: Option<Secret>,
    /// Under which `vault` encrypts; `None` leaves the vault closed.
    pub vault_key: Option<Secret>,
    /// Where the vault finds it.
    pub vault_key_place: VaultKeyPlace,
    /// Default privileges of new tables in `public`.
    pub auto_expose_new_tables: bool,
    /// What role `postgres` may do to the services' tables.
    pub owner_role: OwnerRole,
}

impl Options {
    /// From the settings.
    pub fn from_settings(
        database: &settings::Database,
        keys: &settings::Keys,
        jwt_expiry: u64,
    ) -> Self {
        let role_secret = if database.role_secret.is_empty() {
            &keys.jwt_secret
        } else {
            &database.role_secret
        };
        Self {
            name: database.name.clone(),
            owner_password: database.password.clone(),
            role_secret: role_secret.clone(),
            jwt_expiry,
            exposed_jwt_secret: database.expose_jwt_secret.then(|| keys.jwt_secret.clone()),
            vault_key: (!keys.vault_enc_key.is_empty()).then(|| keys.vault_enc_key.clone()),
            vault_key_place: if database.url.is_none() {
                VaultKeyPlace::ServerFile
            } else {
                VaultKeyPlace::Sessions
            },
            auto_expose_new_tables: database.auto_expose_new_tables,
            owner_role: database.owner_role,
        }
    }
}
