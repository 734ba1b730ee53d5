//! The REST service.

use crate::section::section;

section! {
    /// The REST service.
    pub struct Rest in "rest" {
        /// Schemas it exposes; the first one is the default.
        pub schemas: Vec<String> = "public,storage,graphql_public", env ["PGRST_DB_SCHEMAS", "PGRST_DB_SCHEMA"];
        /// Schemas added to the search path of every request.
        pub extra_search_path: Vec<String> = "public,extensions", env ["PGRST_DB_EXTRA_SEARCH_PATH"];
        /// Most rows in an answer.
        pub max_rows: Option<u64> = "1000", env ["PGRST_DB_MAX_ROWS", "PGRST_MAX_ROWS"];
        /// Role of requests without a token.
        pub anon_role: String = "anon", env ["PGRST_DB_ANON_ROLE"];
        /// Refuse UPDATE and DELETE without a filter.
        pub safeupdate: bool = "true", env [];
    }
}
