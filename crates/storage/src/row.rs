//! An object's row, as every statement here selects it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::backend::Location;

/// Where a statement's columns come from.
pub(crate) trait Columns {
    /// The column at `index` as text.
    fn column(&self, index: usize) -> Option<&str>;
}

impl Columns for pg::Row {
    fn column(&self, index: usize) -> Option<&str> {
        self.text(index)
    }
}

impl Columns for tokio_postgres::Row {
    fn column(&self, index: usize) -> Option<&str> {
        self.try_get(index).ok().flatten()
    }
}

/// An object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) bucket_id: String,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) owner_id: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) user_metadata: Option<Value>,
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) last_accessed_at: Option<String>,
}

impl Object {
    /// Columns that an object takes.
    pub(crate) const COLUMNS: usize = 11;

    /// Reads the columns from `first` on; `None` when there is no object in them (an outer join).
    pub(crate) fn read(row: &impl Columns, first: usize) -> Option<Self> {
        let text = |index: usize| row.column(first + index).map(str::to_owned);
        let parsed = |index: usize| {
            row.column(first + index)
                .and_then(|text| serde_json::from_str(text).ok())
        };
        Some(Self {
            id: text(0)?,
            bucket_id: text(1).unwrap_or_default(),
            name: text(2).unwrap_or_default(),
            version: text(3),
            owner: text(4),
            owner_id: text(5),
            metadata: match parsed(6) {
                Some(Value::Object(members)) => members,
                _ => Map::new(),
            },
            user_metadata: parsed(7),
            created_at: text(8),
            updated_at: text(9),
            last_accessed_at: text(10),
        })
    }

    /// Where its bytes are. A row made by SQL may have no version.
    pub(crate) fn location(&self) -> Location {
        Location {
            bucket: self.bucket_id.clone(),
            key: self.name.clone(),
            version: self.version.clone().unwrap_or_default(),
        }
    }

    /// A text of the metadata.
    pub(crate) fn meta(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).and_then(Value::as_str)
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.metadata.get("size").and_then(Value::as_u64)
    }

    pub(crate) fn content_type(&self) -> &str {
        self.meta("mimetype").unwrap_or("application/octet-stream")
    }

    pub(crate) fn cache_control(&self) -> &str {
        self.meta("cacheControl").unwrap_or("no-cache")
    }

    /// When its content last changed.
    pub(crate) fn last_modified(&self) -> Option<DateTime<Utc>> {
        let text = self.meta("lastModified").or(self.updated_at.as_deref())?;
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.with_timezone(&Utc))
    }

    /// The quoted MD5; for a row that SQL made, something that changes when the row does.
    pub(crate) fn etag(&self) -> String {
        match self.meta("eTag") {
            Some(etag) => etag.to_owned(),
            None => format!("\"{}\"", self.version.as_deref().unwrap_or(&self.id)),
        }
    }

    /// The row as clients are shown it.
    pub(crate) fn shown(&self) -> Map<String, Value> {
        let row = json!({
            "name": self.name,
            "bucket_id": self.bucket_id,
            "owner": self.owner,
            "owner_id": self.owner_id,
            "version": self.version,
            "id": self.id,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "last_accessed_at": self.last_accessed_at,
            "metadata": self.metadata,
            "user_metadata": self.user_metadata,
        });
        match row {
            Value::Object(members) => members,
            _ => unreachable!("it was written as an object"),
        }
    }
}
