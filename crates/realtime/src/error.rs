//! Everything that can go wrong, and its exact words on each of the four ways to a client.

use http::StatusCode;

use crate::token;

/// Why something was refused. One cause can be said in four ways: at connect ([`Error::connect`]), in the
/// reply to a join ([`Error::reason`]), in a `system` message ([`Error::system`]) and over HTTP ([`Error::http`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    // The token.
    /// Neither header nor parameter.
    NoToken,
    /// The token is not good.
    Token(token::Error),

    // The service.
    /// Switched off by configuration.
    Suspended,
    /// Going down.
    Restarting,
    /// Only private channels are allowed.
    PrivateOnly,

    // Limits.
    /// Connected users.
    TooManyUsers,
    /// Joins per second.
    TooManyJoins,
    /// Channels of one socket.
    TooManyChannels,
    /// Messages per second.
    TooManyMessages,
    /// Presence messages per second.
    TooManyPresences,
    /// Presence calls of one channel.
    PresenceCalls,
    /// Payload of a presence.
    TrackTooLarge,

    // Channels.
    /// `realtime:` and nothing behind it.
    NoTopic,
    /// Not a topic of this server, or not joined.
    Unmatched,
    /// Nothing is readable, or a policy failed.
    MayNotRead(String),
    /// It was readable and is no longer.
    LostRead(String),
    /// Replay on a public channel.
    ReplayPublic,
    /// `since` or `limit` is not an integer.
    ReplayParameters,
    /// The query failed.
    ReplayFailed,
    /// The stream did not come in time.
    ReplicationLate,

    // The database.
    /// No pooled connection in time.
    Pool,
    /// The server has no connection left.
    NoConnections,
    /// It cannot be reached.
    Unreachable,
    /// It did something unexpected.
    Database,
    /// A query took too long; the database's words.
    Cancelled(String),
    /// `realtime.messages` has no partition for today.
    MissingPartition,
}

use Error as E;

impl Error {
    /// Status and text of a refused upgrade.
    pub(crate) fn connect(&self) -> (StatusCode, String) {
        let (status, text) = match self {
            E::NoToken => (401, "API key is missing".into()),
            E::Token(error) => (401, error.at_connect()),
            E::Suspended => (403, "Realtime was disabled for this tenant".into()),
            E::TooManyUsers => (429, "Too many connected users".into()),
            E::TooManyJoins => (429, "Too many joins per second".into()),
            _ => (500, "Error connecting to Realtime".into()),
        };
        (StatusCode::from_u16(status).expect("a status"), text)
    }

    /// `reason` of the reply to a join.
    pub(crate) fn reason(&self) -> String {
        match self {
            E::Token(error) => format!("{}: {error}", error.code()),
            E::Suspended => "RealtimeDisabledForTenant: Realtime disabled for this tenant".into(),
            E::Restarting => "RealtimeRestarting: Realtime is restarting, please standby".into(),
            E::PrivateOnly => "PrivateOnly: This project only allows private channels".into(),
            E::TooManyUsers => "ConnectionRateLimitReached: Too many connected users".into(),
            E::TooManyJoins => "ClientJoinRateLimitReached: Too many joins per second".into(),
            E::TooManyChannels => "ChannelRateLimitReached: Too many channels".into(),
            E::NoTopic => "TopicNameRequired: You must provide a topic name".into(),
            E::Unmatched => "unmatched topic".into(),
            E::MayNotRead(_) => format!("Unauthorized: {}", self.system()),
            E::ReplayPublic => "UnableToReplayMessages: Replay is not allowed for public channels".into(),
            E::ReplayParameters => "UnableToReplayMessages: Replay params are not valid".into(),
            E::ReplayFailed => "UnableToReplayMessages: Realtime was unable to replay messages".into(),
            E::Pool => "IncreaseConnectionPool: Please increase your connection pool size".into(),
            E::NoConnections => "DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect".into(),
            E::Unreachable => "UnableToConnectToProject: Realtime was unable to connect to the project database".into(),
            E::Database => "Realtime was unable to connect to the project database".into(),
            E::Cancelled(text) => format!("QueryCanceled: {text}"),
            E::MissingPartition => "MissingPartition: Realtime was unable to find the expected messages partition".into(),
            _ => "Unknown Error on Channel".into(),
        }
    }

    /// `message` of the `system` event that precedes the end of a channel.
    pub(crate) fn system(&self) -> String {
        match self {
            E::Token(error) => error.at_refresh(),
            E::TooManyMessages => "Too many messages per second".into(),
            E::TooManyPresences => "Too many presence messages per second".into(),
            E::PresenceCalls => "Client presence rate limit exceeded".into(),
            E::TrackTooLarge => "Track message size exceeded".into(),
            E::MayNotRead(topic) => {
                format!("You do not have permissions to read from this Channel topic: {topic}")
            }
            E::LostRead(topic) => {
                format!("You no longer have permission to read from this Channel topic: {topic}")
            }
            E::Cancelled(_) => "Query was cancelled, please try again".into(),
            E::ReplicationLate => "Replication connection was not established in time".into(),
            _ => "Realtime was unable to connect to the project database".into(),
        }
    }

    /// Status and `message` of the HTTP broadcast.
    pub(crate) fn http(&self) -> (StatusCode, &'static str) {
        let (status, text) = match self {
            E::NoToken | E::Token(_) => (401, "Unauthorized"),
            E::Suspended => (403, "Tenant is suspended"),
            E::TooManyMessages => (429, "You have exceeded your rate limit"),
            E::Pool => (429, "Connection pool exhausted"),
            E::MayNotRead(_) => (422, "RLS policy error"),
            E::Cancelled(_) => (422, "Query canceled"),
            E::MissingPartition => (422, "Missing messages partition"),
            E::Unreachable => (422, "Tenant database unavailable"),
            E::NoConnections => (422, "Tenant database has too many connections"),
            _ => (500, "Unable to authorize broadcast"),
        };
        (StatusCode::from_u16(status).expect("a status"), text)
    }

    /// The operational code in the log and in the metric `realtime_channel_error`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            E::NoToken => "MissingApiKey",
            E::Token(error) => error.code(),
            E::Suspended => "RealtimeDisabledForTenant",
            E::Restarting => "RealtimeRestarting",
            E::PrivateOnly => "PrivateOnly",
            E::TooManyUsers => "ConnectionRateLimitReached",
            E::TooManyJoins => "ClientJoinRateLimitReached",
            E::TooManyChannels => "ChannelRateLimitReached",
            E::TooManyMessages => "MessagePerSecondRateLimitReached",
            E::TooManyPresences => "PresenceRateLimitReached",
            E::PresenceCalls => "ClientPresenceRateLimitReached",
            E::TrackTooLarge => "PresencePayloadTooLarge",
            E::NoTopic => "TopicNameRequired",
            E::Unmatched => "UnmatchedTopic",
            E::MayNotRead(_) | E::LostRead(_) => "Unauthorized",
            E::ReplayPublic | E::ReplayParameters | E::ReplayFailed => "UnableToReplayMessages",
            E::ReplicationLate => "ReplicationConnectionDown",
            E::Pool => "IncreaseConnectionPool",
            E::NoConnections => "DatabaseLackOfConnections",
            E::Unreachable | E::Database => "UnableToConnectToProject",
            E::Cancelled(_) => "QueryCanceled",
            E::MissingPartition => "MissingPartition",
        }
    }

    /// What a failed database call means, when no policy is to blame.
    pub(crate) fn database(error: &pg::Error) -> Self {
        match error {
            pg::Error::PoolTimeout(_) => E::Pool,
            pg::Error::Server(server) => match server.kind() {
                pg::Kind::Resources => E::NoConnections,
                pg::Kind::Cancelled => E::Cancelled(server.message.clone()),
                pg::Kind::Connection => E::Unreachable,
                _ => E::Database,
            },
            pg::Error::Connect(_) | pg::Error::Lost(_) => E::Unreachable,
            _ => E::Database,
        }
    }
}

impl From<token::Error> for Error {
    fn from(error: token::Error) -> Self {
        E::Token(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_an_upgrade_are_the_published_ones() {
        // The table of section 3; RT-CON-04.
        let check = |error: Error, status: u16, text: &str| {
            assert_eq!(
                error.connect(),
                (StatusCode::from_u16(status).unwrap(), text.to_owned())
            );
        };
        check(E::NoToken, 401, "API key is missing");
        check(
            token::Error::Malformed.into(),
            401,
            "The token provided is not a valid JWT",
        );
        check(
            token::Error::Signature.into(),
            401,
            "Failed to validate JWT signature",
        );
        check(token::Error::Expired(3).into(), 401, "Token has expired");
        check(
            token::Error::MissingClaims.into(),
            401,
            "Fields `role` and `exp` are required in JWT",
        );
        check(
            token::Error::NoKey(None).into(),
            401,
            "Failed to generate JWT signer, check your JWT secret or JWKS configuration",
        );
        check(
            token::Error::NoKey(Some("k1".into())).into(),
            401,
            "Failed to generate JWT signer for key ID (kid) \"k1\", check your JWT secret or JWKS configuration",
        );
        check(E::Suspended, 403, "Realtime was disabled for this tenant");
        check(E::TooManyUsers, 429, "Too many connected users");
        check(E::TooManyJoins, 429, "Too many joins per second");
        check(E::Database, 500, "Error connecting to Realtime");
    }

    #[test]
    fn refusals_of_a_join_are_the_published_ones() {
        // RT-JOIN-12.
        let check = |error: Error, text: &str| assert_eq!(error.reason(), text);
        check(
            token::Error::Expired(7).into(),
            "InvalidJWTToken: Token has expired 7 seconds ago",
        );
        check(
            token::Error::MissingClaims.into(),
            "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
        );
        check(
            token::Error::Expired(0).into(),
            "InvalidJWTToken: Token expiration time is invalid",
        );
        check(
            token::Error::Malformed.into(),
            "MalformedJWT: The token provided is not a valid JWT",
        );
        check(
            token::Error::Signature.into(),
            "JwtSignatureError: Failed to validate JWT signature",
        );
        check(
            token::Error::NoKey(None).into(),
            "JwtSignerError: Failed to generate JWT signer, check your JWT secret or JWKS configuration",
        );
        check(
            E::MayNotRead("a".into()),
            "Unauthorized: You do not have permissions to read from this Channel topic: a",
        );
        check(
            E::Cancelled("canceling statement".into()),
            "QueryCanceled: canceling statement",
        );
        check(
            E::Database,
            "Realtime was unable to connect to the project database",
        );
    }
}
