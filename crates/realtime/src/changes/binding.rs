//! What a client asks to observe.

use serde_json::Value;

use super::SubscribeError;

/// Which changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// `*`, and everything that is no other.
    All,
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
}

impl EventKind {
    /// In any case; anything else, or nothing, is [`EventKind::All`] (RT-PG-02).
    pub fn parse(text: &str) -> Self {
        match text {
            text if text.eq_ignore_ascii_case("insert") => Self::Insert,
            text if text.eq_ignore_ascii_case("update") => Self::Update,
            text if text.eq_ignore_ascii_case("delete") => Self::Delete,
            _ => Self::All,
        }
    }

    /// The normalised event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One element of the `postgres_changes` list of a join, after defaults.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding {
    /// As sent in the join reply: [`binding_id`] of the requested object.
    pub id: u64,
    /// Which changes.
    pub event: EventKind,
    /// Schema, `*`, or a LIKE pattern.
    pub schema: String,
    /// Table, `*`, or a LIKE pattern.
    pub table: String,
    /// The filter's text; none when absent or blank.
    pub filter: Option<String>,
    /// Selected columns; none means all.
    pub select: Option<Vec<String>>,
}

impl Binding {
    /// Reads a binding as received.
    pub fn read(requested: &Value) -> Result<Self, SubscribeError> {
        let missing = || SubscribeError::NoParameters(shown(requested));
        let member = |name: &str| match requested.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(missing()),
        };
        let (schema, table, filter) = (member("schema")?, member("table")?, member("filter")?);
        let filter = filter.filter(|text| !text.trim().is_empty());
        let select = match requested.get("select") {
            None | Some(Value::Null) => None,
            Some(Value::Array(items)) => {
                let names: Vec<String> = items
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                (!names.is_empty()).then_some(names)
            }
            Some(_) => return Err(SubscribeError::Select),
        };
        let explicit = schema.is_some() && table.is_some();
        if (schema.is_none() && table.is_none()) || (filter.is_some() && !explicit) {
            return Err(missing());
        }
        let is_wildcard = |name: &Option<String>| name.as_deref().is_none_or(|name| name == "*");
        if select.is_some() && (is_wildcard(&schema) || is_wildcard(&table)) {
            return Err(SubscribeError::SelectWildcard);
        }
        Ok(Self {
            id: binding_id(requested),
            event: requested
                .get("event")
                .and_then(Value::as_str)
                .map_or(EventKind::All, EventKind::parse),
            schema: schema.unwrap_or_else(|| "public".into()),
            table: table.unwrap_or_else(|| "*".into()),
            filter,
            select,
        })
    }
}

/// The id of a requested binding: non-zero, below 2^53, equal for equal objects whatever the order of their
/// members, and the same on every node and after every restart (RT-JOIN-21).
pub fn binding_id(requested: &Value) -> u64 {
    let mut hash = Fnv::new();
    hash.value(requested);
    // Folded to 52 bits, then moved off zero.
    ((hash.0 >> 52) ^ (hash.0 & ((1 << 52) - 1))) + 1
}

/// FNV-1a: fixed for ever, unlike the standard library's hasher.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                self.bytes(b"[");
                for item in items {
                    self.value(item);
                    self.bytes(b",");
                }
                self.bytes(b"]");
            }
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| name.as_str());
                self.bytes(b"{");
                for (name, value) in sorted {
                    self.bytes(Value::from(name.as_str()).to_string().as_bytes());
                    self.bytes(b":");
                    self.value(value);
                    self.bytes(b",");
                }
                self.bytes(b"}");
            }
            scalar => self.bytes(scalar.to_string().as_bytes()),
        }
    }
}

/// The binding for people, unless a token is in it.
fn shown(requested: &Value) -> String {
    if requested.get("user_token").is_some() || requested.get("auth_token").is_some() {
        "<redacted>".into()
    } else {
        requested.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(requested: &Value) -> Binding {
        Binding::read(requested).unwrap()
    }

    // RT-PG-02, RT-PG-03.
    #[test]
    fn events_and_names_take_their_defaults() {
        let binding = read(&json!({"event": "insert", "table": "todos"}));
        assert_eq!(
            (binding.event, binding.schema.as_str()),
            (EventKind::Insert, "public")
        );
        let binding = read(&json!({"event": 7, "schema": "private"}));
        assert_eq!(
            (binding.event, binding.table.as_str()),
            (EventKind::All, "*")
        );
    }

    // RT-PG-03, RT-PG-05, RT-SEL-01, RT-SEL-02.
    #[test]
    fn parameters_that_do_not_fit_are_refused_in_upstreams_words() {
        let no_parameters = |value: Value| {
            let error = Binding::read(&value).unwrap_err().to_string();
            assert!(
                error.starts_with("No subscription params provided."),
                "{error}"
            );
        };
        no_parameters(json!({"event": "*"}));
        no_parameters(json!({"schema": null, "table": "t"}));
        no_parameters(json!({"schema": "public", "filter": "id=eq.1"}));
        no_parameters(json!({"table": 3}));
        let hidden = Binding::read(&json!({"user_token": "secret"}))
            .unwrap_err()
            .to_string();
        assert!(hidden.ends_with("subscribe to: <redacted>"), "{hidden}");
        let select = |select: Value, table: &str| {
            Binding::read(&json!({"schema": "public", "table": table, "select": select}))
        };
        assert_eq!(select(json!("id"), "t"), Err(SubscribeError::Select));
        assert_eq!(
            select(json!(["id"]), "*"),
            Err(SubscribeError::SelectWildcard)
        );
        assert_eq!(select(json!([]), "*").unwrap().select, None);
        assert_eq!(
            select(json!(["id", 3]), "t").unwrap().select,
            Some(vec!["id".into()])
        );
    }

    // RT-JOIN-21.
    #[test]
    fn ids_are_equal_for_equal_objects_only() {
        let id = binding_id(&json!({"schema": "public", "table": "t"}));
        assert_eq!(id, binding_id(&json!({"table": "t", "schema": "public"})));
        assert_ne!(id, binding_id(&json!({"schema": "public", "table": "u"})));
        assert_ne!(
            id,
            binding_id(&json!({"schema": "public", "table": "t", "event": "*"}))
        );
        assert!(id > 0 && id < 1 << 53);
    }
}
