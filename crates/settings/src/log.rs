//! What is logged, and how.

use crate::section::section;
use crate::value::words;

words! {
    /// How log lines look.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// What is logged, and how.
    pub struct Log in "log" {
        /// A `tracing` filter: `info`, `auth=debug,info` …
        pub level: String = "info", env ["PASSERELLE_LOG", "RUST_LOG"];
        /// `text` or `json`.
        pub format: LogFormat = "text", env [];
        /// Log each request.
        pub access: bool = "true", env [];
    }
}
