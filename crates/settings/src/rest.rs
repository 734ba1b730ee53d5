//! The REST service.

use std::time::Duration;

use base::Secret;

use crate::section::section;
use crate::value::words;

words! {
    /// How a request's transaction ends.
    pub enum TxEnd {
        /// Commit; `Prefer: tx` is not honoured.
        Commit = "commit",
        /// Commit, unless `Prefer: tx=rollback`.
        CommitAllowOverride = "commit-allow-override",
        /// Roll back; `Prefer: tx` is not honoured.
        Rollback = "rollback",
        /// Roll back, unless `Prefer: tx=commit`.
        RollbackAllowOverride = "rollback-allow-override",
    }
}

words! {
    /// How much an error body says.
    pub enum ErrorVerbosity {
        /// `code`, `details`, `hint`, `message`.
        Verbose = "verbose",
        /// `code` and `message`.
        Minimal = "minimal",
    }
}

words! {
    /// What the description of the API at `/` shows.
    pub enum OpenApiMode {
        /// What the request's role has any right to.
        FollowPrivileges = "follow-privileges",
        /// Everything.
        IgnorePrivileges = "ignore-privileges",
        /// Nothing: 404.
        Disabled = "disabled",
    }
}

words! {
    /// Whose visible behavior is shown, where versions differ.
    pub enum RestVersion {
        /// The newest.
        Sixteen = "16",
        /// That of self-hosted stacks (14.5).
        Fourteen = "14",
    }
}

section! {
    /// The REST service.
    pub struct Rest in "rest" {
        /// Schemas it exposes; the first one is the default.
        pub schemas: Vec<String> = "public,storage,graphql_public", env ["PGRST_DB_SCHEMAS", "PGRST_DB_SCHEMA"];
        /// Schemas added to the search path of every request.
        pub extra_search_path: Vec<String> = "public,extensions", env ["PGRST_DB_EXTRA_SEARCH_PATH"];
        /// Most rows in an answer.
        pub max_rows: Option<u64> = "1000", env ["PGRST_DB_MAX_ROWS", "PGRST_MAX_ROWS"];
        /// Role of requests without a token; empty: such requests are refused.
        pub anon_role: String = "anon", env ["PGRST_DB_ANON_ROLE"];
        /// Refuse UPDATE and DELETE without a filter.
        pub safeupdate: bool = "true", env [];
        /// A function (`schema.name`) that runs before every request, as the request's role.
        pub pre_request: Option<String> = "", env ["PGRST_DB_PRE_REQUEST", "PGRST_PRE_REQUEST"];
        /// `commit`, `commit-allow-override`, `rollback` or `rollback-allow-override`.
        pub tx_end: TxEnd = "commit", env ["PGRST_DB_TX_END"];
        /// Read `pgrst.*` settings of the login role; they win over this file and the environment.
        pub db_config: bool = "true", env ["PGRST_DB_CONFIG"];
        /// Settings of a function that count for the whole transaction.
        pub hoisted_tx_settings: Vec<String> = "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation", env ["PGRST_DB_HOISTED_TX_SETTINGS"];
        /// Allow aggregate functions in `select`.
        pub aggregates_enabled: bool = "false", env ["PGRST_DB_AGGREGATES_ENABLED"];
        /// Answer the execution plan where it is asked for.
        pub plan_enabled: bool = "false", env ["PGRST_DB_PLAN_ENABLED"];
        /// The channel on which reloads are asked for.
        pub channel: String = "pgrst", env ["PGRST_DB_CHANNEL"];
        /// How often the system catalog is looked at where no event trigger announces changes.
        pub catalog_poll: Duration = "2s", env [];
        /// The audience that a token must name, if it names any.
        pub jwt_aud: Option<String> = "", env ["PGRST_JWT_AUD"];
        /// `app.settings.jwt_secret` of every request.
        pub app_settings_jwt_secret: Secret = "", env ["PGRST_APP_SETTINGS_JWT_SECRET"];
        /// `app.settings.jwt_exp` of every request.
        pub app_settings_jwt_exp: Option<String> = "", env ["PGRST_APP_SETTINGS_JWT_EXP"];
        /// Where in a token's claims the role stands, as a JSON path.
        pub jwt_role_claim_key: String = "$.role", env ["PGRST_JWT_ROLE_CLAIM_KEY", "PGRST_ROLE_CLAIM_KEY"];
        /// What the description of the API shows: `follow-privileges`, `ignore-privileges` or `disabled`.
        pub openapi_mode: OpenApiMode = "follow-privileges", env ["PGRST_OPENAPI_MODE"];
        /// Say in the description that requests may bear a token.
        pub openapi_security_active: bool = "false", env ["PGRST_OPENAPI_SECURITY_ACTIVE"];
        /// The address that the description gives; empty: the one asked at.
        pub openapi_server_proxy_uri: Option<String> = "", env ["PGRST_OPENAPI_SERVER_PROXY_URI"];
        /// A function that answers instead of the description.
        pub root_spec: Option<String> = "", env ["PGRST_DB_ROOT_SPEC", "PGRST_ROOT_SPEC"];
        /// A function (`schema.name`) that sets `pgrst.*` settings whenever the configuration is read.
        pub pre_config: Option<String> = "", env ["PGRST_DB_PRE_CONFIG"];
        /// Origins that browsers may call from; empty: all.
        pub cors_allowed_origins: Vec<String> = "", env ["PGRST_SERVER_CORS_ALLOWED_ORIGINS"];
        /// Tell in `Server-Timing` how long each stage took.
        pub server_timing: bool = "false", env ["PGRST_SERVER_TIMING_ENABLED"];
        /// A header that every answer repeats.
        pub trace_header: Option<String> = "", env ["PGRST_SERVER_TRACE_HEADER"];
        /// `16`, or `14` for what 14.5 showed differently.
        pub version: RestVersion = "16", env [];
        /// `verbose` or `minimal`.
        pub error_verbosity: ErrorVerbosity = "verbose", env ["PGRST_CLIENT_ERROR_VERBOSITY"];
        /// Accept an embed's own name in parameters although it has an alias.
        pub legacy_target_names: bool = "true", env ["PGRST_URL_USE_LEGACY_TARGET_NAMES"];
    }
}
