//! Who may read and write in a private room.
//!
//! A policy is arbitrary SQL, so the database is asked by trying: rows are written and looked for as the caller
//! and rolled back. Each question is one round trip; an error in the middle skips all that follows, so an error
//! can never grant.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base::SharedRandom;
use bytes::Bytes;
use jwt::Caller;
use pg::{End, RequestOptions, RequestTx, Requests, Statement};

use crate::error::Error;

/// What a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    /// Broadcasts.
    Broadcast,
    /// Presence.
    Presence,
}

impl Extension {
    fn as_str(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Presence => "presence",
        }
    }
}

/// Who asks, and about which room.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Role and claims.
    pub(crate) caller: Caller,
    /// The room's name.
    pub(crate) sub_topic: Arc<str>,
    /// The request's headers as a JSON object.
    pub(crate) headers: Arc<str>,
}

/// What a channel may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readable {
    /// Broadcasts.
    pub(crate) broadcasts: bool,
    /// Presence; false while nobody asked.
    pub(crate) presence: bool,
}

/// Asks the database.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    /// Logs in as `authenticator`.
    requests: Requests,
    /// Logs in as the service's own role, which writes past the policies and may become any caller.
    own: Requests,
    own_role: String,
    timeout: Duration,
    random: SharedRandom,
}

impl Authority {
    /// `pool` tells the service's own login.
    pub(crate) fn new(
        requests: Requests,
        pool: &pg::Pool,
        timeout: Duration,
        random: SharedRandom,
    ) -> Self {
        let options = RequestOptions {
            size: 8,
            // With the question itself well within the 10 s that clients wait for a join.
            acquire_timeout: Duration::from_secs(3),
            application_name: "passerelle realtime".into(),
            ..RequestOptions::default()
        };
        let own = Requests::new(pool.endpoint(), &options);
        Self {
            requests,
            own,
            own_role: pool.endpoint().user().to_owned(),
            timeout,
            random,
        }
    }

    /// The connections of the service's own role, for its own tables.
    pub(crate) fn own(&self) -> (&Requests, &str) {
        (&self.own, &self.own_role)
    }

    /// What the caller may read (RT-AUTHZ-02). An error is a refusal.
    pub(crate) async fn read(
        &self,
        context: &Context,
        with_presence: bool,
    ) -> Result<Readable, Error> {
        let refused = || Error::MayNotRead(context.sub_topic.to_string());
        let caller = &context.caller;
        // To PostgreSQL this word means the login role.
        if caller.role == "none" {
            return Err(refused());
        }
        let extensions: &[Extension] = if with_presence {
            &[Extension::Broadcast, Extension::Presence]
        } else {
            &[Extension::Broadcast]
        };
        let ids: Vec<String> = extensions
            .iter()
            .map(|_| self.random.uuid().to_string())
            .collect();
        let ids = text(&format!("{{{}}}", ids.join(",")));
        let names: Vec<&str> = extensions
            .iter()
            .map(|extension| extension.as_str())
            .collect();
        let tx = RequestTx {
            role: self.own_role.clone(),
            settings: vec![self.timeout()],
            statements: vec![
                Statement {
                    sql: include_str!("sql/probe_rows.sql").into(),
                    params: vec![
                        ids.clone(),
                        text(&context.sub_topic),
                        text(&format!("{{{}}}", names.join(","))),
                    ],
                },
                Statement {
                    sql: include_str!("sql/probe_context.sql").into(),
                    params: vec![
                        text(&context.sub_topic),
                        text(&caller.claims_json()),
                        text(caller.subject().unwrap_or_default()),
                        text(&caller.role),
                        text(&context.headers),
                    ],
                },
                Statement {
                    sql: include_str!("sql/probe_read.sql").into(),
                    params: vec![ids],
                },
            ],
            end: End::Rollback,
            ..RequestTx::default()
        };
        let results = self
            .own
            .run(tx)
            .await
            .map_err(|error| refusal(&error, context))?;
        let rows = results
            .last()
            .map(|result| result.rows.as_slice())
            .unwrap_or_default();
        let came_back = |extension: Extension| {
            rows.iter()
                .any(|row| row.text(0) == Some(extension.as_str()))
        };
        Ok(Readable {
            broadcasts: came_back(Extension::Broadcast),
            presence: came_back(Extension::Presence),
        })
    }

    /// Whether the caller may write (RT-AUTHZ-03). After an error nothing is known.
    pub(crate) async fn write(
        &self,
        context: &Context,
        extension: Extension,
    ) -> Result<bool, Error> {
        let caller = &context.caller;
        let tx = RequestTx {
            role: caller.role.clone(),
            settings: vec![
                self.timeout(),
                ("realtime.topic".into(), context.sub_topic.to_string()),
                ("request.jwt.claims".into(), caller.claims_json()),
                (
                    "request.jwt.claim.sub".into(),
                    caller.subject().unwrap_or_default().to_owned(),
                ),
                ("request.jwt.claim.role".into(), caller.role.clone()),
                ("request.headers".into(), context.headers.to_string()),
            ],
            statements: vec![Statement {
                sql: include_str!("sql/probe_write.sql").into(),
                params: vec![text(&context.sub_topic), text(extension.as_str())],
            }],
            end: End::Rollback,
            ..RequestTx::default()
        };
        match self.requests.run(tx).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Some(pg::Kind::Privilege) => Ok(false),
            Err(error) => Err(refusal(&error, context)),
        }
    }

    fn timeout(&self) -> (Cow<'static, str>, String) {
        (
            "statement_timeout".into(),
            self.timeout.as_millis().to_string(),
        )
    }
}

/// A parameter in PostgreSQL's text format.
fn text(value: &str) -> sql::Param {
    sql::Param::from(Bytes::copy_from_slice(value.as_bytes()))
}

/// What a failed probe means. Whatever a policy raises, and a role that is not there, denies; the log keeps
/// the cause (D-16).
fn refusal(error: &pg::Error, context: &Context) -> Error {
    let named = match error.server() {
        Some(server) => match server.kind() {
            pg::Kind::Cancelled | pg::Kind::Resources | pg::Kind::Connection => {
                Error::database(error)
            }
            pg::Kind::CheckViolation if server.routine.as_deref() == Some("ExecFindPartition") => {
                Error::MissingPartition
            }
            _ => Error::MayNotRead(context.sub_topic.to_string()),
        },
        None => Error::database(error),
    };
    let code = if matches!(named, Error::MayNotRead(_)) {
        "RlsPolicyError"
    } else {
        named.code()
    };
    tracing::warn!(
        code,
        role = context.caller.role,
        topic = &*context.sub_topic,
        sqlstate = error.code(),
        %error,
        "a question about rights on realtime.messages failed"
    );
    named
}
