//! Rows of the stream: what of them can be judged, and those of `realtime.messages`.

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use replication::message::{OldTuple, Relation, Value};
use replication::{Change, Kind};
use uuid::Uuid;

use super::message;
use super::table::{Attribute, Table};
use crate::changes::{MessagePayload, MessageRow};

/// The values that filters and policies are judged on: the new row, or what is left of a deleted one.
pub(crate) fn judged_values(change: &Change) -> Vec<Value> {
    match message::parts(change) {
        (_, Some(new), old) => message::filled(new, old),
        (_, None, Some(old)) => old.tuple().values.clone(),
        (_, None, None) => Vec::new(),
    }
}

/// Whether a column's value is in the change.
pub(crate) fn is_present(table: &Table, attribute: &Attribute, change: &Change, values: &[Value]) -> bool {
    match (&change.kind, attribute.position) {
        (_, None) => false,
        (Kind::Delete { old: OldTuple::Key(_) }, Some(at)) => {
            table.relation.columns.get(at).is_some_and(|column| column.key)
        }
        (_, Some(at)) => !matches!(values.get(at), None | Some(Value::Unchanged)),
    }
}

/// Whether every value of the new row is known.
pub(crate) fn is_whole(change: &Change) -> bool {
    !judged_values(change).contains(&Value::Unchanged)
}

/// Whether a relation is `realtime.messages` or one of its partitions.
pub(crate) fn is_message(relation: &Relation) -> bool {
    relation.schema == "realtime" && relation.name.starts_with("messages")
}

/// An inserted row of `realtime.messages`; `None` for anything else and for rows that lack something (RT-DB-05).
pub(crate) fn message(change: &Change) -> Option<MessageRow> {
    let Kind::Insert { new } = &change.kind else {
        return None;
    };
    let value = |name: &str| new.values.get(change.relation.position(name)?);
    let text = |name: &str| value(name)?.text().map(str::to_owned);
    let payload = match (value("payload"), value("binary_payload")) {
        (Some(Value::Text(json)), _) => MessagePayload::Json(json.clone()),
        (_, Some(Value::Text(bytes))) => {
            let digits = bytes.strip_prefix(b"\\x")?;
            MessagePayload::Binary(Bytes::from(decode_hex(digits)?))
        }
        _ => return None,
    };
    Some(MessageRow {
        id: Uuid::parse_str(&text("id")?).ok()?,
        topic: text("topic")?,
        extension: text("extension")?,
        event: text("event")?,
        private: text("private")? == "t",
        payload,
        inserted_at: timestamp(&text("inserted_at")?)?,
    })
}

fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    Some(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?.and_utc())
}

fn decode_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}
