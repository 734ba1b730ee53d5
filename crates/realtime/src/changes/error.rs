//! Why bindings could not be made live, in the words that clients see.

/// Why bindings could not be made live. Its text is the `message` of the `system` event, byte for byte
/// upstream's (RT-SYS-10).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// No published table matches.
    #[error(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given \
         connect parameters: {parameters}"
    )]
    NotPublished {
        /// `[event: …, schema: …, table: …, filters: …, select: …]`.
        parameters: String,
    },
    /// The database refused the binding.
    #[error(
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect \
         parameters: {parameters}. Exception: {exception}"
    )]
    Refused {
        /// As in [`SubscribeError::NotPublished`].
        parameters: String,
        /// `ERROR 22P02 (invalid_text_representation) …`.
        exception: String,
    },
    /// The filter cannot be read.
    #[error("Error parsing `filter` params: {0}")]
    Filter(String),
    /// `select` is not a list.
    #[error(
        "Error parsing `select` params: expected a list of column name strings, e.g. select: [\"col1\", \"col2\"]"
    )]
    Select,
    /// `select` with a wildcard.
    #[error(
        "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name."
    )]
    SelectWildcard,
    /// Neither schema nor table, or not as texts.
    #[error(
        "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: {0}"
    )]
    NoParameters(String),
    /// The stream or the database is not there; the text says what is missing.
    #[error("{0}")]
    Unavailable(String),
    /// The stream is being connected; nothing is said of it.
    #[error("the replication stream is not connected yet")]
    NotConnected,
}

impl SubscribeError {
    /// Whether trying again in 5 to 10 s may help (RT-SYS-12); errors of the parameters stay.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::NotConnected)
    }

    /// Whether the client is told.
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::NotConnected)
    }
}
