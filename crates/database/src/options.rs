//! What the preparation needs to know.

use base::Secret;
use settings::OwnerRole;

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
            auto_expose_new_tables: database.auto_expose_new_tables,
            owner_role: database.owner_role,
        }
    }
}
