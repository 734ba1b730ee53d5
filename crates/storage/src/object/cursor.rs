//! Where a listing goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;

/// The last entry of a page and the order it was made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) last: String,
    pub(crate) descending: bool,
    /// `name`, `created_at` or `updated_at`.
    pub(crate) column: &'static str,
    /// Time of the last entry, when the order is by time.
    pub(crate) after: Option<String>,
}

/// Columns that a page may be ordered by.
pub(crate) const COLUMNS: [&str; 3] = ["name", "updated_at", "created_at"];

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        let mut text = format!(
            "l:{}\no:{}\nc:{}",
            self.last,
            if self.descending { "desc" } else { "asc" },
            self.column
        );
        if let Some(after) = &self.after {
            text.push_str("\na:");
            text.push_str(after);
        }
        STANDARD.encode(text)
    }

    pub(crate) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| Error::Cursor)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::Cursor)?;
        let mut cursor = Self {
            last: String::new(),
            descending: false,
            column: "name",
            after: None,
        };
        for line in text.lines() {
            match line.split_once(':').ok_or(Error::Cursor)? {
                ("l", last) => last.clone_into(&mut cursor.last),
                ("o", order) => cursor.descending = order == "desc",
                ("c", column) => {
                    cursor.column = COLUMNS
                        .into_iter()
                        .find(|known| *known == column)
                        .ok_or(Error::Cursor)?;
                }
                ("a", after) => {
                    let time =
                        chrono::DateTime::parse_from_rfc3339(after).map_err(|_| Error::Cursor)?;
                    cursor.after = Some(
                        time.to_utc()
                            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                    );
                }
                _ => return Err(Error::Cursor),
            }
        }
        if cursor.last.is_empty() || (cursor.column != "name" && cursor.after.is_none()) {
            return Err(Error::Cursor);
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_its_place_and_order() {
        // STO-LS2-04
        let cursor = Cursor {
            last: "dir/a:b.txt".into(),
            descending: true,
            column: "created_at",
            after: Some("2026-01-02T03:04:05.678Z".into()),
        };
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        for bad in [
            "",
            "%%%",
            "bm90aGluZw==",
            &STANDARD.encode("l:a\nc:owner"),
            &STANDARD.encode("l:a\nc:created_at"),
        ] {
            assert!(matches!(Cursor::decode(bad), Err(Error::Cursor)), "{bad}");
        }
    }
}
