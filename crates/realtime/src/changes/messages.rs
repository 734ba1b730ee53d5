//! Rows of `realtime.messages` (section 13).

use bytes::Bytes;
use chrono::NaiveDateTime;
use replication::message::{Relation, Tuple, Value};

use super::{MessagePayload, MessageRow};

/// Whether it is `realtime.messages` or a partition of it, which is what the stream names.
pub(super) fn is_messages(relation: &Relation) -> bool {
    relation.schema == "realtime" && relation.name.starts_with("messages")
}

/// The row, or the column that it lacks (RT-DB-05).
pub(super) fn read(relation: &Relation, tuple: &Tuple) -> Result<MessageRow, &'static str> {
    let value = |name: &str| {
        relation
            .position(name)
            .map_or(&Value::Null, |position| &tuple[position])
    };
    let text = |name: &'static str| value(name).text().ok_or(name);
    let bytes = |name: &str| match value(name) {
        Value::Text(bytes) => Some(bytes.clone()),
        _ => None,
    };
    let payload = match (bytes("payload"), bytes("binary_payload")) {
        (Some(json), _) => MessagePayload::Json(json),
        (None, Some(hex)) => MessagePayload::Binary(from_hex(&hex).ok_or("binary_payload")?),
        (None, None) => return Err("payload"),
    };
    let inserted_at = NaiveDateTime::parse_from_str(text("inserted_at")?, "%Y-%m-%d %H:%M:%S%.f");
    Ok(MessageRow {
        id: text("id")?.parse().map_err(|_| "id")?,
        topic: text("topic")?.to_owned(),
        extension: text("extension")?.to_owned(),
        event: text("event")?.to_owned(),
        private: text("private")? == "t",
        payload,
        inserted_at: inserted_at.map_err(|_| "inserted_at")?.and_utc(),
    })
}

/// `\xdeadbeef`.
fn from_hex(text: &[u8]) -> Option<Bytes> {
    let digits = text.strip_prefix(b"\\x")?;
    let nibble = |digit: &u8| {
        char::from(*digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .map(Bytes::from)
}
