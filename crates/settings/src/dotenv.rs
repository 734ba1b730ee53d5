//! `.env` files: read as Docker Compose and common libraries do, and edited without touching a byte
//! that is not ours.

use std::collections::BTreeMap;
use std::path::Path;

/// A `.env` file, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DotEnv {
    lines: Vec<String>,
    ends_with_newline: bool,
}

/// Why a `.env` file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum DotEnvError {
    /// It exists and cannot be read.
    Unreadable(String),
    /// A line is neither blank, a comment nor `NAME=value`; typical of a file cut off in the middle.
    Malformed { line: usize },
    /// A quoted value never ends.
    Unterminated { line: usize },
}

impl std::fmt::Display for DotEnvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(message) => f.write_str(message),
            Self::Malformed { line } => write!(f, "line {line} is not NAME=value"),
            Self::Unterminated { line } => write!(f, "line {line} opens a quote that never closes"),
        }
    }
}

impl std::error::Error for DotEnvError {}

impl DotEnv {
    /// Reads a file; `None` when there is none.
    pub fn open(path: &Path) -> Result<Option<Self>, DotEnvError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DotEnvError::Unreadable(error.to_string())),
        }
    }

    /// Reads text, checking every line.
    pub fn parse(text: &str) -> Result<Self, DotEnvError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = Self {
            lines: text.split_terminator('\n').map(str::to_owned).collect(),
            ends_with_newline: text.is_empty() || text.ends_with('\n'),
        };
        for (index, line) in file.lines.iter().enumerate() {
            entry(line).map_err(|fault| match fault {
                Fault::Malformed => DotEnvError::Malformed { line: index + 1 },
                Fault::Unterminated => DotEnvError::Unterminated { line: index + 1 },
            })?;
        }
        Ok(file)
    }

    /// The variables; of a name given twice the last one counts.
    pub fn variables(&self) -> BTreeMap<String, String> {
        self.lines
            .iter()
            .filter_map(|line| entry(line).ok().flatten())
            .collect()
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables().remove(name)
    }

    /// Sets a variable where it stands, or at the end. Every other byte is kept.
    pub fn set(&mut self, name: &str, value: &str) {
        // A file from Windows keeps its line ends: they are the last character of its lines.
        let end = self
            .lines
            .last()
            .filter(|line| line.ends_with('\r'))
            .map_or("", |_| "\r");
        let line = format!("{name}={}{end}", quoted(value));
        let at = self
            .lines
            .iter()
            .rposition(|line| matches!(entry(line), Ok(Some((found, _))) if found == name));
        if let Some(at) = at {
            self.lines[at] = line;
        } else {
            self.lines.push(line);
            self.ends_with_newline = true;
        }
    }

    /// `NAME=value` as it stands in a file.
    pub fn line(name: &str, value: &str) -> String {
        format!("{name}={}", quoted(value))
    }

    /// Appends a line as it is: a comment or a blank one.
    pub fn push_line(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        self.ends_with_newline = true;
    }

    /// Whether there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl std::fmt::Display for DotEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, line) in self.lines.iter().enumerate() {
            let last = index + 1 == self.lines.len();
            let end = if last && !self.ends_with_newline {
                ""
            } else {
                "\n"
            };
            write!(f, "{line}{end}")?;
        }
        Ok(())
    }
}

enum Fault {
    Malformed,
    Unterminated,
}

fn entry(line: &str) -> Result<Option<(String, String)>, Fault> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').ok_or(Fault::Malformed)?;
    let name = name.trim_end();
    let valid = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !valid {
        return Err(Fault::Malformed);
    }
    Ok(Some((name.to_owned(), unquoted(value.trim_start())?)))
}

fn unquoted(value: &str) -> Result<String, Fault> {
    match value.chars().next() {
        Some('\'') => {
            let end = value[1..].find('\'').ok_or(Fault::Unterminated)?;
            Ok(value[1..=end].to_owned())
        }
        Some('"') => {
            let mut text = String::new();
            let mut chars = value[1..].chars();
            loop {
                match chars.next().ok_or(Fault::Unterminated)? {
                    '"' => return Ok(text),
                    '\\' => match chars.next().ok_or(Fault::Unterminated)? {
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        c @ ('"' | '\\' | '$') => text.push(c),
                        c => text.extend(['\\', c]),
                    },
                    c => text.push(c),
                }
            }
        }
        _ => {
            // A comment starts at a `#` after white space; a bare `#` belongs to the value.
            let end = value
                .find(" #")
                .or_else(|| value.find("\t#"))
                .unwrap_or(value.len());
            Ok(value[..end].trim_end().to_owned())
        }
    }
}

fn quoted(value: &str) -> String {
    let bare = value.bytes().all(|b| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'_' | b'-' | b'.' | b'/' | b':' | b'@' | b'+' | b'=' | b',' | b'?' | b'&' | b'%'
            )
    });
    if bare {
        value.to_owned()
    } else if !value.contains('\'') && !value.contains('\n') {
        format!("'{value}'")
    } else {
        let escaped = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        format!("\"{escaped}\"")
    }
}
