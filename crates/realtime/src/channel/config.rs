//! What a join asks for.

use serde_json::{Map, Value};

use crate::changes::binding_id;
use crate::frames::Json;
use crate::hub::Visibility;

/// The options of a join. A member of the wrong type takes its default (RT-JOIN-03).
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the wire"
)]
pub(crate) struct Config {
    pub(crate) ack: bool,
    pub(crate) hears_itself: bool,
    /// As sent; read when the channel turns out to be readable.
    pub(crate) replay: Option<Value>,
    pub(crate) replication_ready: bool,
    /// None: the server makes one.
    pub(crate) presence_key: Option<String>,
    pub(crate) presence: bool,
    /// As sent.
    pub(crate) bindings: Vec<Value>,
    /// The topic itself is the binding (RT-JOIN-40).
    pub(crate) is_oldest: bool,
    pub(crate) visibility: Visibility,
    /// The token in the payload, if there is one.
    pub(crate) token: Option<String>,
}

impl Config {
    /// Reads the payload of `phx_join`.
    pub(crate) fn read(payload: &Json, sub_topic: &str) -> Self {
        let payload: Value = serde_json::from_slice(payload.bytes()).unwrap_or_default();
        let mut wrong = Vec::new();
        let empty = Value::Object(Map::new());
        let config = section(&payload, "config", &empty, &mut wrong);
        let broadcast = section(config, "broadcast", &empty, &mut wrong);
        let presence = section(config, "presence", &empty, &mut wrong);
        let mut flag = |value: &Value, name: &'static str| flag(value, name, &mut wrong);
        let read = Self {
            ack: flag(broadcast, "ack"),
            hears_itself: flag(broadcast, "self"),
            replication_ready: flag(broadcast, "replication_ready"),
            presence: flag(presence, "enabled"),
            visibility: Visibility::of(flag(config, "private")),
            replay: broadcast
                .get("replay")
                .filter(|replay| !replay.is_null())
                .cloned(),
            presence_key: match presence.get("key") {
                None | Some(Value::Null) => None,
                Some(Value::String(key)) => Some(key.clone()).filter(|key| !key.is_empty()),
                Some(other) => Some(other.to_string()),
            },
            is_oldest: payload.get("config").is_none(),
            bindings: match config.get("postgres_changes") {
                None if payload.get("config").is_none() => vec![implied(sub_topic)],
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(items)) => items
                    .iter()
                    .filter(|item| !item.is_null())
                    .cloned()
                    .collect(),
                Some(_) => {
                    wrong.push("postgres_changes");
                    Vec::new()
                }
            },
            token: ["user_token", "access_token"]
                .iter()
                .find_map(|name| payload.get(name).and_then(Value::as_str))
                .map(str::to_owned),
        };
        if !wrong.is_empty() {
            tracing::warn!(code = "InvalidJoinPayload", members = ?wrong, "a join has members of the wrong type");
        }
        read
    }

    /// `response` of the reply: the bindings as they were sent, each with its id.
    pub(crate) fn response(&self) -> Vec<u8> {
        let echoed: Vec<Value> = self
            .bindings
            .iter()
            .map(|requested| match requested {
                Value::Object(members) => {
                    let mut members = members.clone();
                    members.insert("id".into(), binding_id(requested).into());
                    Value::Object(members)
                }
                other => other.clone(),
            })
            .collect();
        serde_json::to_vec(&serde_json::json!({ "postgres_changes": echoed })).expect("plain data")
    }
}

/// `schema`, `schema:table` or `schema:table:filter`, of which the filter may hold colons.
fn implied(sub_topic: &str) -> Value {
    let mut binding = Map::from_iter([("event".to_owned(), "*".into())]);
    for (name, value) in ["schema", "table", "filter"]
        .into_iter()
        .zip(sub_topic.splitn(3, ':'))
    {
        binding.insert(name.into(), value.into());
    }
    Value::Object(binding)
}

fn section<'a>(
    value: &'a Value,
    name: &'static str,
    empty: &'a Value,
    wrong: &mut Vec<&'static str>,
) -> &'a Value {
    match value.get(name) {
        Some(section @ Value::Object(_)) => section,
        None | Some(Value::Null) => empty,
        Some(_) => {
            wrong.push(name);
            empty
        }
    }
}

fn flag(value: &Value, name: &'static str, wrong: &mut Vec<&'static str>) -> bool {
    match value.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => {
            wrong.push(name);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Config {
        Config::read(&Json::of(payload), "s:t:id=in.(a:b)")
    }

    #[test]
    fn everything_is_optional() {
        // RT-JOIN-01, RT-JOIN-04.
        let config = read(&json!({ "config": {} }));
        assert_eq!(
            config,
            read(&json!({ "config": { "more": 1 }, "else": [] }))
        );
        assert!(
            !config.ack && !config.hears_itself && !config.presence && !config.replication_ready
        );
        assert_eq!(
            (config.visibility, config.presence_key, config.token),
            (Visibility::Public, None, None)
        );
        assert_eq!(config.bindings, Vec::<Value>::new());
    }

    #[test]
    fn booleans_may_be_texts_and_wrong_types_take_their_default() {
        // RT-JOIN-02, RT-JOIN-03.
        let config = read(&json!({ "config": {
            "broadcast": { "ack": "TRUE", "self": "False" },
            "presence": 7,
            "private": "true",
            "postgres_changes": "x",
        } }));
        assert!(config.ack && !config.hears_itself && !config.presence);
        assert_eq!(config.visibility, Visibility::Private);
        assert_eq!(config.bindings, Vec::<Value>::new());
    }

    #[test]
    fn a_presence_key_is_a_text_or_made_by_the_server() {
        // RT-JOIN-05.
        let key =
            |key: Value| read(&json!({ "config": { "presence": { "key": key } } })).presence_key;
        assert_eq!(key(json!("ada")), Some("ada".into()));
        assert_eq!(key(json!(7)), Some("7".into()));
        assert_eq!(key(json!("")), None);
        assert_eq!(key(json!(null)), None);
    }

    #[test]
    fn without_config_the_topic_is_the_binding() {
        // RT-JOIN-08, RT-JOIN-40.
        let config = read(&json!({ "access_token": "t" }));
        let expected =
            json!({ "event": "*", "schema": "s", "table": "t", "filter": "id=in.(a:b)" });
        assert_eq!((config.is_oldest, config.bindings), (true, vec![expected]));
        assert_eq!(
            implied("public"),
            json!({ "event": "*", "schema": "public" })
        );
        assert_eq!(
            implied("public:t"),
            json!({ "event": "*", "schema": "public", "table": "t" })
        );
        assert!(!read(&json!({ "config": {} })).is_oldest);
    }

    #[test]
    fn the_token_is_user_token_before_access_token() {
        // RT-JOIN-07.
        assert_eq!(
            read(&json!({ "user_token": "u", "access_token": "a" })).token,
            Some("u".into())
        );
        assert_eq!(
            read(&json!({ "user_token": 1, "access_token": "a" })).token,
            Some("a".into())
        );
        assert_eq!(read(&json!({ "access_token": null })).token, None);
    }

    #[test]
    fn bindings_are_echoed_as_sent_in_order_with_stable_ids() {
        // RT-JOIN-06, RT-JOIN-20, RT-JOIN-21, RT-JOIN-22.
        let first = json!({ "event": "insert", "schema": "public", "table": "T", "odd": [1] });
        let second = json!({ "event": "*", "schema": "public", "filter": "x=eq.1" });
        let config =
            read(&json!({ "config": { "postgres_changes": [first, null, second, first] } }));
        let response: Value = serde_json::from_slice(&config.response()).unwrap();
        let echoed = response["postgres_changes"].as_array().unwrap();
        assert_eq!(echoed.len(), 3);
        for (echo, sent) in echoed.iter().zip([&first, &second, &first]) {
            let mut expected = sent.clone();
            expected["id"] = echo["id"].clone();
            assert_eq!(*echo, expected);
            assert!(echo["id"].as_u64().is_some_and(|id| id > 0 && id < 1 << 53));
        }
        assert_eq!(echoed[0]["id"], echoed[2]["id"]);
        assert_ne!(echoed[0]["id"], echoed[1]["id"]);
        let none = read(&json!({ "config": {} })).response();
        let none: Value = serde_json::from_slice(&none).unwrap();
        assert_eq!(none, json!({ "postgres_changes": [] }));
    }
}
