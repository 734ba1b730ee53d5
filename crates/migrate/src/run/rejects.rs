//! Rows that the target refused, for people: one file for each table, a row in each line (MIG-COPY-06).

use std::fmt::Write as _;
use std::io::BufWriter;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio_postgres::Client;

use super::Context;
use crate::Error;
use crate::copy::{Reject, fields, value};
use crate::ddl::Shape;
use crate::inventory::ConstraintKind;
use crate::journal::KeptReject;

/// A row that the target refused: its key and why, nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Columns of the primary key and their values, as the source has them; empty when the table has no key.
    pub key: Vec<(String, Option<String>)>,
    /// What the target said: its SQLSTATE.
    pub sqlstate: String,
    /// And its words.
    pub reason: String,
}

/// How a table's rows are shown.
#[derive(Debug, Clone)]
pub(super) struct Face {
    /// The fields of a line, by name.
    names: Vec<String>,
    /// Those of the primary key.
    key: Vec<usize>,
    /// No value but the key may be shown.
    private: bool,
}

impl Face {
    pub(super) fn of(shape: &Shape<'_>) -> Self {
        let names: Vec<String> = shape.moves().into_iter().map(|it| it.name).collect();
        let key = shape
            .table
            .constraints
            .iter()
            .find(|it| it.kind == ConstraintKind::PrimaryKey);
        let place = |column: &String| names.iter().position(|name| name == column);
        Self {
            key: key.map_or_else(Vec::new, |key| {
                key.columns.iter().filter_map(place).collect()
            }),
            names,
            private: false,
        }
    }

    /// Credentials: the user's id, and no more.
    pub(super) fn private(id: &str) -> Self {
        Self {
            names: vec![id.to_owned()],
            key: vec![0],
            private: true,
        }
    }

    /// What may be said of why: the server repeats values.
    pub(super) fn reason(&self, said: &pg::ServerError) -> String {
        if self.private {
            return format!("refused with {}", said.code);
        }
        said.message.clone()
    }

    pub(super) fn refusal(&self, reject: &Reject) -> Refusal {
        let values = self.values(&reject.source);
        let key = self.key.iter().filter_map(|place| values.get(*place));
        Refusal {
            key: key.cloned().collect(),
            sqlstate: reject.said.code.clone(),
            reason: self.reason(&reject.said),
        }
    }

    fn values(&self, line: &[u8]) -> Vec<(String, Option<String>)> {
        let values = fields(line).map(|field| value(field).map(std::borrow::Cow::into_owned));
        self.names.iter().cloned().zip(values).collect()
    }

    fn object(&self, table: &str, kept: &KeptReject) -> Value {
        let line = kept.source.as_deref().unwrap_or(&kept.line);
        let values = self.values(line);
        let members = |places: &mut dyn Iterator<Item = usize>| -> Map<String, Value> {
            places
                .filter_map(|place| values.get(place))
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect()
        };
        let mut object = json!({
            "table": table,
            "key": members(&mut self.key.iter().copied()),
            "sqlstate": kept.sqlstate,
            "reason": kept.reason,
        });
        for (name, value) in [("constraint", &kept.constraint), ("column", &kept.column)] {
            if let Some(value) = value {
                object[name] = json!(value);
            }
        }
        if !self.private {
            object["row"] = Value::Object(members(&mut (0..self.names.len())));
        }
        object
    }
}

/// Writes the table's file anew from the journal; takes it away when nothing was refused. Where it is.
pub(super) async fn write(
    context: &Context<'_>,
    client: &Client,
    table: &str,
    face: &Face,
    any: bool,
) -> Result<Option<PathBuf>, Error> {
    let Some(dir) = &context.options.rejects else {
        return Ok(None);
    };
    let path = dir.join(file_name(table));
    if !any {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file(error));
            }
            _ => return Ok(None),
        }
    }
    let mut file = begin(dir, &path)?;
    let rows = context.journal.rejects(client, table).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(kept) = rows.next().await {
        line(&mut file, &face.object(table, &kept?))?;
    }
    end(file, &path)?;
    Ok(Some(path))
}

/// Writes the file of a table that fails as a whole: the first of its refused rows.
pub(super) fn write_failed(
    dir: Option<&Path>,
    table: &str,
    face: &Face,
    first: &[Reject],
) -> Result<Option<PathBuf>, Error> {
    let Some(dir) = dir else {
        return Ok(None);
    };
    let path = dir.join(file_name(table));
    let mut file = begin(dir, &path)?;
    for reject in first {
        let kept = KeptReject {
            source: Some(reject.source.clone()),
            line: Vec::new(),
            sqlstate: reject.said.code.clone(),
            reason: face.reason(&reject.said),
            constraint: reject.said.constraint.clone(),
            column: reject.said.column.clone(),
        };
        line(&mut file, &face.object(table, &kept))?;
    }
    end(file, &path)?;
    Ok(Some(path))
}

/// A table's name as a file's: what no file should have in its name is written as its number.
fn file_name(table: &str) -> String {
    let mut name = String::new();
    for letter in table.chars() {
        if letter.is_alphanumeric() || "._-".contains(letter) {
            name.push(letter);
        } else {
            let _ = write!(name, "%{:02x}", u32::from(letter));
        }
    }
    name.push_str(".ndjson");
    name
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("ndjson.new")
}

fn begin(dir: &Path, path: &Path) -> Result<BufWriter<std::fs::File>, Error> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(Error::file)?;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(unfinished(path))
        .map_err(Error::file)?;
    Ok(BufWriter::new(file))
}

fn line(file: &mut impl std::io::Write, object: &Value) -> Result<(), Error> {
    writeln!(file, "{object}").map_err(Error::file)
}

fn end(file: BufWriter<std::fs::File>, path: &Path) -> Result<(), Error> {
    let file = file
        .into_inner()
        .map_err(|error| Error::file(error.into_error()))?;
    file.sync_all().map_err(Error::file)?;
    std::fs::rename(unfinished(path), path).map_err(Error::file)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn every_table_has_a_file_of_its_own() {
        assert_eq!(file_name("public.users"), "public.users.ndjson");
        assert_eq!(file_name("public.\"a/b\""), "public.%22a%2fb%22.ndjson");
        assert_ne!(file_name("public.a/b"), file_name("public.a_b"));
    }
}
