//! What runs in the place of `pg_net` and `pg_cron`.

use std::time::Duration;

use crate::ByteSize;
use crate::section::section;

section! {
    /// What runs in the place of `pg_net` and `pg_cron`, where the database has their substitutes.
    pub struct Extensions in "extensions" {
        /// Send the requests that `net.http_get`, `net.http_post`, `net.http_delete` and webhooks queue.
        pub net: bool = "true", env [];
        /// Most requests of one node under way at a time.
        pub net_in_flight: usize = "200", env [];
        /// How long answers are kept in `net._http_response`.
        pub net_ttl: Duration = "6h", env [];
        /// Greatest body of an answer; a longer one is an error.
        pub net_max_response: ByteSize = "4MB", env [];
        /// Greatest `timeout_milliseconds`; a request that asks for more is not sent.
        pub net_max_timeout: Duration = "1h", env [];
        /// Refuse to send to loopback, private and link-local addresses, whichever name or redirect leads there.
        pub net_block_private_addresses: bool = "false", env [];
        /// How often the queue is looked at without being told.
        pub net_poll: Duration = "10s", env [];
        /// Run the jobs in `cron.job`.
        pub cron: bool = "true", env [];
        /// Most jobs running at a time; others wait.
        pub cron_max_running: usize = "10", env [];
    }
}
