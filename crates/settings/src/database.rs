//! Where the database is and how it is prepared.

use std::path::PathBuf;
use std::time::Duration;

use base::Secret;

use crate::section::section;
use crate::value::words;

words! {
    /// What to do about an extension that the server lacks and that has no substitute.
    pub enum MissingExtensions {
        /// Stop before the first statement.
        Error = "error",
        /// Skip the statement and report every follow-up together.
        Warn = "warn",
    }
}

words! {
    /// What role `postgres` may do to the services' tables.
    pub enum OwnerRole {
        /// Member of the services' owner roles (policies, triggers, indexes on their tables).
        Member = "member",
        /// As hosted projects are since 2025-04.
        Strict = "strict",
        /// A superuser; for local development.
        Superuser = "superuser",
    }
}

section! {
    /// Where the database is and how it is prepared.
    pub struct Database in "database" {
        /// An existing cluster, as a URL or key=value connection string of an administrator. Empty: a
        /// PostgreSQL of our own is started.
        pub url: Option<Secret> = "", env ["PASSERELLE_DATABASE_URL"];
        /// Where our own PostgreSQL keeps its data, its socket and its log.
        pub data_dir: PathBuf = ".passerelle", env ["PASSERELLE_DATA_DIR"];
        /// Loopback port of our own PostgreSQL, for people; the next free one is taken if it is in use.
        /// 0: no port, socket only.
        pub port: u16 = "5432", env ["POSTGRES_PORT"];
        /// Name of the database.
        pub name: String = "postgres", env ["POSTGRES_DB"];
        /// Password of role `postgres`; made on first start when empty.
        pub password: Secret = "", env ["POSTGRES_PASSWORD", "SUPABASE_POSTGRES_PASSWORD"];
        /// Folder with `postgres`, `initdb` and friends. Empty: searched.
        pub bin_dir: Option<PathBuf> = "", env ["PASSERELLE_PG_BIN"];
        /// Connections that serve API requests.
        pub request_pool: usize = "16", env ["PGRST_DB_POOL", "POOLER_DEFAULT_POOL_SIZE"];
        /// Connections of each other service.
        pub service_pool: usize = "8", env ["POOLER_DB_POOL_SIZE", "GOTRUE_DB_MAX_POOL_SIZE"];
        /// How long a request waits for a free connection.
        pub acquire_timeout: Duration = "10s", env ["PGRST_DB_POOL_ACQUISITION_TIMEOUT"];
        /// A pooler in transaction mode stands in between: no named prepared statements.
        pub pooler_mode: bool = "false", env [];
        /// Default privileges of new tables in `public` for `anon`, `authenticated`, `service_role`.
        pub auto_expose_new_tables: bool = "true", env [];
        /// Set `app.settings.jwt_secret` on the database, as old projects presume.
        pub expose_jwt_secret: bool = "false", env [];
        /// `member`, `strict` or `superuser`.
        pub owner_role: OwnerRole = "member", env [];
        /// `error` or `warn`.
        pub missing_extensions: MissingExtensions = "error", env [];
        /// How long our own PostgreSQL may take to start (crash recovery included).
        pub start_timeout: Duration = "5m", env [];
        /// From which the passwords of the services' database roles are derived; equal on all nodes of one
        /// cluster. Empty: the JWT secret serves.
        pub role_secret: Secret = "", env ["SECRET_KEY_BASE"];
    }
}
