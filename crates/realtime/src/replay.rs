//! What was said in a private room before somebody came (section 14 of the specification).

use bytes::Bytes;
use pg::{Access, RequestTx, Row, Statement};
use serde_json::Value;

use crate::authz::Authority;
use crate::error::Error;
use crate::frames::{Body, Broadcast, Metadata};

/// What a client asks to hear again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Milliseconds since 1970.
    since: i64,
    /// At most so many, 1 to 25.
    limit: i64,
}

/// Most messages of one replay.
const MOST: i64 = 25;

impl Replay {
    /// Reads `config.broadcast.replay`.
    pub(crate) fn read(requested: &Value) -> Result<Self, Error> {
        let since = requested
            .get("since")
            .and_then(Value::as_i64)
            .ok_or(Error::ReplayParameters)?;
        let limit = match requested.get("limit") {
            None | Some(Value::Null) => MOST,
            Some(limit) => limit
                .as_i64()
                .ok_or(Error::ReplayParameters)?
                .clamp(1, MOST),
        };
        Ok(Self { since, limit })
    }

    /// Fetches the messages, oldest first. The right to read was settled before, so the service's own role
    /// asks.
    pub(crate) async fn fetch(
        self,
        authority: &Authority,
        sub_topic: &str,
    ) -> Result<Vec<Broadcast>, Error> {
        let (own, role) = authority.own();
        let text = |value: &str| Some(Bytes::copy_from_slice(value.as_bytes()));
        let tx = RequestTx {
            role: role.to_owned(),
            statements: vec![Statement {
                sql: include_str!("sql/replay.sql").into(),
                params: vec![
                    text(sub_topic),
                    text(&self.since.to_string()),
                    text(&self.limit.to_string()),
                ],
            }],
            access: Access::ReadOnly,
            ..RequestTx::default()
        };
        let results = own.run(tx).await.map_err(|error| {
            tracing::warn!(code = "UnableToReplayMessages", topic = sub_topic, %error, "replay failed");
            Error::ReplayFailed
        })?;
        let rows = results
            .first()
            .map(|result| result.rows.as_slice())
            .unwrap_or_default();
        Ok(rows.iter().filter_map(message).collect())
    }
}

fn message(row: &Row) -> Option<Broadcast> {
    let id = row.text(0)?.parse().ok()?;
    let event = row.text(1)?.to_owned();
    let body = match (row.get(2), row.text(3)) {
        (Some(json), _) => Body::Json(json.clone()),
        (None, Some(hex)) => Body::Binary(unhex(hex)?.into()),
        (None, None) => return None,
    };
    Some(Broadcast::User {
        event,
        body,
        metadata: Some(Metadata { id, replayed: true }),
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_integers_and_the_limit_is_clamped() {
        // RT-RPL-01.
        let read = |value: Value| Replay::read(&value);
        assert_eq!(
            read(json!({ "since": 5 })),
            Ok(Replay {
                since: 5,
                limit: 25
            })
        );
        assert_eq!(
            read(json!({ "since": 5, "limit": 900 })),
            Ok(Replay {
                since: 5,
                limit: 25
            })
        );
        assert_eq!(
            read(json!({ "since": 5, "limit": 0 })),
            Ok(Replay { since: 5, limit: 1 })
        );
        for wrong in [
            json!({}),
            json!({ "since": "5" }),
            json!({ "since": 1.5 }),
            json!({ "since": 1, "limit": "x" }),
            json!(7),
        ] {
            assert_eq!(read(wrong), Err(Error::ReplayParameters));
        }
    }

    #[test]
    fn bytes_come_out_of_their_hexadecimal_form() {
        assert_eq!(unhex("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!(unhex(""), Some(vec![]));
    }
}
