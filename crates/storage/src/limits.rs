//! How large and of what type an object may be.

use serde_json::Value;

use crate::Error;
use crate::bucket::Bucket;
use crate::key::ObjectKey;

/// The limits that one upload meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most bytes.
    pub(crate) max_bytes: u64,
    mime_types: Vec<String>,
}

impl Limits {
    /// The least of the bucket's limit and the server's; a folder's placeholder has no bytes and any type.
    pub(crate) fn of(bucket: &Bucket, key: &ObjectKey, server_bytes: u64) -> Self {
        if key.is_folder_placeholder() {
            return Self {
                max_bytes: 0,
                mime_types: Vec::new(),
            };
        }
        let own = bucket
            .file_size_limit
            .and_then(|limit| u64::try_from(limit).ok());
        Self {
            max_bytes: own.map_or(server_bytes, |own| own.min(server_bytes)),
            mime_types: bucket.allowed_mime_types.clone(),
        }
    }

    pub(crate) fn check_size(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.max_bytes {
            Err(Error::TooLarge)
        } else {
            Ok(())
        }
    }

    pub(crate) fn check_type(&self, mime_type: &str) -> Result<(), Error> {
        let essence = mime_type.split(';').next().unwrap_or("").trim();
        let group = essence.split('/').next().unwrap_or("");
        let allowed = self.mime_types.is_empty()
            || self.mime_types.iter().any(|entry| {
                let entry = entry.split(';').next().unwrap_or("").trim();
                entry == "*"
                    || entry == "*/*"
                    || entry == essence
                    || entry.strip_suffix("/*") == Some(group)
            });
        if allowed {
            Ok(())
        } else {
            Err(Error::MimeType(mime_type.to_owned()))
        }
    }
}

/// A size as buckets are given it: a whole number, or a number with `GB`, `MB`, `KB` or `B` (decimal).
pub(crate) fn parse_size(value: &Value) -> Result<i64, Error> {
    if let Some(number) = value.as_i64() {
        return if number >= 0 {
            Ok(number)
        } else {
            Err(Error::SizeFormat)
        };
    }
    let text = value.as_str().ok_or(Error::SizeFormat)?.trim();
    if let Ok(number) = text.parse::<u32>() {
        return Ok(number.into());
    }
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| Error::SizeFormat)?;
    let factor = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "GB" => 1e9,
        "MB" => 1e6,
        "KB" => 1e3,
        "B" => 1.0,
        _ => return Err(Error::SizeFormat),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a size beyond the range saturates and is refused later"
    )]
    Ok((number * factor).round() as i64)
}

/// An entry of a bucket's list of types: `type/subtype`, `type/*` or `*`, with a charset if need be.
pub(crate) fn check_mime_entry(entry: &str) -> Result<(), Error> {
    let (essence, parameter) = match entry.split_once(';') {
        Some((essence, parameter)) => (essence, Some(parameter.trim())),
        None => (entry, None),
    };
    let charset_fits = parameter.is_none_or(|text| {
        text.strip_prefix("charset=")
            .is_some_and(|name| !name.is_empty() && name.chars().all(is_token))
    });
    let essence_fits = essence == "*"
        || essence.split_once('/').is_some_and(|(group, name)| {
            let group_fits =
                group == "*" && name == "*" || !group.is_empty() && group.chars().all(is_token);
            group_fits && (name == "*" || !name.is_empty() && name.chars().all(is_token))
        });
    if entry.len() <= 1000 && essence_fits && charset_fits {
        Ok(())
    } else {
        Err(Error::MimeType(entry.to_owned()))
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c)
}

/// Whether a `Content-Type` names a type at all.
pub(crate) fn is_content_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or("").trim();
    essence.split_once('/').is_some_and(|(group, name)| {
        !group.is_empty()
            && !name.is_empty()
            && group
                .chars()
                .chain(name.chars())
                .all(|c| is_token(c) || c == '*')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_decimal() {
        // STO-BKT-11, STO-ERR-42
        for (value, expected) in [
            (json!(100), 100),
            (json!("100"), 100),
            (json!("20MB"), 20_000_000),
            (json!("1.5 KB"), 1_500),
            (json!("2gb"), 2_000_000_000),
            (json!("3B"), 3),
        ] {
            assert_eq!(parse_size(&value).unwrap(), expected, "{value}");
        }
        for value in [
            json!("20MiB"),
            json!("much"),
            json!(""),
            json!(-1),
            json!(true),
        ] {
            assert!(
                matches!(parse_size(&value), Err(Error::SizeFormat)),
                "{value}"
            );
        }
    }

    #[test]
    fn entries_of_the_type_list_are_checked() {
        // STO-BKT-12
        for good in [
            "image/png",
            "image/*",
            "*",
            "*/*",
            "text/plain;charset=utf-8",
            "application/vnd.ms-excel",
        ] {
            assert!(check_mime_entry(good).is_ok(), "{good}");
        }
        for bad in [
            "image",
            "image/",
            "/png",
            "text/plain;q=1",
            "a b/c",
            "*/png",
            &format!("a/{}", "b".repeat(1000)),
        ] {
            assert!(check_mime_entry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types_match_exactly_or_by_group() {
        // STO-UPL-12
        let limits = |list: &[&str]| Limits {
            max_bytes: 1,
            mime_types: list.iter().map(|&s| s.into()).collect(),
        };
        for (list, name, allowed) in [
            (&[][..], "a/b", true),
            (&["*"], "a/b", true),
            (&["*/*"], "a/b", true),
            (&["image/png"], "image/png", true),
            (&["image/png"], "image/png; q=1", true),
            (&["image/*"], "image/jpeg", true),
            (&["image/*"], "text/plain", false),
            (&["image/png"], "image/jpeg", false),
        ] {
            assert_eq!(
                limits(list).check_type(name).is_ok(),
                allowed,
                "{list:?} {name}"
            );
        }
    }

    #[test]
    fn the_placeholder_of_a_folder_is_empty_and_of_any_type() {
        // STO-KEY-04, STO-LIM-01
        let bucket = Bucket {
            public: false,
            file_size_limit: Some(10),
            allowed_mime_types: vec!["image/png".into()],
        };
        let placeholder = ObjectKey::parse("dir/.emptyFolderPlaceholder").unwrap();
        let limits = Limits::of(&bucket, &placeholder, 100);
        assert!(limits.check_type("text/plain").is_ok() && limits.check_size(0).is_ok());
        assert!(limits.check_size(1).is_err());
        let limits = Limits::of(&bucket, &ObjectKey::parse("x").unwrap(), 5);
        assert_eq!(limits.max_bytes, 5);
    }
}
