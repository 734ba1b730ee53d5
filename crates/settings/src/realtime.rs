//! The realtime service.

use std::time::Duration;

use crate::section::section;

section! {
    /// The realtime service.
    pub struct Realtime in "realtime" {
        /// A socket that sends nothing for this long is closed.
        pub idle_timeout: Duration = "60s", env [];
        /// Most sockets at a time.
        pub max_connections: usize = "100000", env [];
    }
}
