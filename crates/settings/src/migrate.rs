//! The migration engine's two databases.

use crate::section::section;
use base::Secret;

section! {
    /// The migration engine's two databases and how it goes about a run.
    pub struct Migrate in "migrate" {
        /// The application's old database; it is only read.
        pub source_url: Option<Secret> = "", env ["OLD_DATABASE_URL", "SOURCE_DATABASE_URL"];
        /// The database behind the API, as an administrator; empty: the running stack's own.
        pub target_url: Option<Secret> = "", env ["TARGET_DATABASE_URL"];
        /// Show what would happen, touch nothing; empty: as the command says.
        pub dry_run: Option<bool> = "", env ["DRY_RUN"];
        /// Tables at once; 0: as many as there are cores, at most 8.
        pub jobs: usize = "0", env [];
        /// The password that `migrate test --email` signs in with.
        pub test_password: Option<Secret> = "", env ["TEST_PASSWORD"];
    }
}
