//! The realtime service.

use std::time::Duration;

use crate::section::section;

section! {
    /// The realtime service.
    pub struct Realtime in "realtime" {
        /// A socket that sends nothing for this long is closed.
        pub idle_timeout: Duration = "60s", env [];
        /// Most sockets at a time.
        pub max_connections: usize = "100000", env ["MAX_CONNECTIONS"];
        /// Most connected users: sockets that hold a channel. 0: no limit.
        pub max_concurrent_users: usize = "200", env ["TENANT_MAX_CONCURRENT_USERS"];
        /// Most channels a socket may hold. 0: no limit.
        pub max_channels_per_client: usize = "100", env ["TENANT_MAX_CHANNELS_PER_CLIENT"];
        /// Messages per second, sent and delivered, mean of a minute. 0: no limit.
        pub max_events_per_second: u64 = "100", env ["TENANT_MAX_EVENTS_PER_SECOND"];
        /// Joins per second, mean of a minute. 0: no limit.
        pub max_joins_per_second: u64 = "100", env ["TENANT_MAX_JOINS_PER_SECOND"];
        /// Presence messages per second, mean of a minute. 0: no limit.
        pub max_presence_events_per_second: u64 = "1000", env ["TENANT_MAX_PRESENCE_EVENTS_PER_SECOND"];
        /// Database changes delivered per second, mean of a minute. 0: no limit.
        pub max_changes_per_second: u64 = "0", env [];
        /// Greatest payload of a broadcast or a presence, in bytes. 0: no limit.
        pub max_payload_bytes: usize = "3000500", env [];
        /// Greatest message a socket may send, in bytes.
        pub max_message_bytes: usize = "5000000", env [];
        /// What may wait for a slow reader, in bytes; beyond, its socket is closed.
        pub max_queue_bytes: usize = "8388608", env [];
        /// Presence calls of one channel within `presence_window`. 0: no limit.
        pub presence_max_calls: u32 = "5", env ["CLIENT_PRESENCE_MAX_CALLS"];
        /// The window of `presence_max_calls`; it opens with the first call.
        pub presence_window: Duration = "30s", env [];
        /// How long the refusal of a connection is held back.
        pub connect_error_backoff: Duration = "2s", env [];
        /// How long the refusal of a join is held back; clients give up after 10 s.
        pub channel_error_backoff: Duration = "5s", env [];
        /// A socket without any channel is closed after this long. 0: never.
        pub no_channel_timeout: Duration = "10m", env [];
        /// At an orderly stop sockets are let go over this span.
        pub drain_window: Duration = "1s", env [];
        /// How long a question about rights may take in the database.
        pub authorization_timeout: Duration = "5s", env [];
        /// Refuse channels that are not private.
        pub private_only: bool = "false", env [];
        /// Refuse every connection and join.
        pub suspended: bool = "false", env [];
        /// Claims that every token must carry, as a JSON object of names and values.
        pub claim_validators: String = "{}", env ["JWT_CLAIM_VALIDATORS"];
        /// Part of the name of the replication slot, for those who look at slots.
        pub slot_name_suffix: String = "", env ["SLOT_NAME_SUFFIX"];
        /// How long the replication slot of a node that is gone is kept for it, as long as it holds back little.
        pub keep_slots: Duration = "2m", env [];
        /// Label `tenant` of the metrics.
        pub tenant_name: String = "realtime-dev", env ["SELF_HOST_TENANT_NAME"];
    }
}
