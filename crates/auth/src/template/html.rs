//! Escaping a value for the place where it stands.
//!
//! The text around the values is followed as a browser would read it, so that one knows where a value goes: text,
//! an attribute, a URL at its beginning or in its query, a script, a style.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::functions::{QUERY, show};

/// What a URL leaves as it is: everything but what cannot stand in one.
const URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What stands where a value was not safe; Go's own word for it.
const UNSAFE: &str = "ZgotmplZ";

/// Where in a document the next value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Nothing is escaped.
    Plain,
    Text,
    Comment,
    /// Behind `<`, in the name of an element.
    Element(String),
    /// Between attributes.
    Tag(Raw),
    AttributeName(String, Raw),
    /// Behind a name, before `=` or what follows.
    AfterName(String, Raw),
    /// Behind `=`.
    BeforeValue(String, Raw),
    Attribute {
        quote: Option<char>,
        kind: Kind,
        seen: Seen,
        raw: Raw,
    },
    /// In an element whose content is no markup, up to its end tag; the open quote in a script.
    Inside(Raw, Option<char>),
}

/// Elements whose content is no markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Raw {
    No,
    Script,
    Style,
    Title,
    Textarea,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Url,
    Script,
    Style,
}

/// How much of a URL has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Path,
    Query,
}

/// What is written, and where one is.
#[derive(Debug)]
pub(super) struct Escaper {
    out: String,
    place: Place,
}

impl Escaper {
    pub(super) fn html() -> Self {
        Self {
            out: String::new(),
            place: Place::Text,
        }
    }

    pub(super) fn plain() -> Self {
        Self {
            out: String::new(),
            place: Place::Plain,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// The template's own text.
    pub(super) fn text(&mut self, text: &str) {
        self.out.push_str(text);
        if self.place == Place::Plain {
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let read = self.step(rest);
            rest = &rest[read..];
        }
    }

    /// A value.
    pub(super) fn value(&mut self, value: &Value) {
        let text = show(value);
        let escaped = match &mut self.place {
            Place::Plain => text,
            Place::Inside(Raw::Script, quote) => match quote {
                Some(_) => escape_script(&text),
                None => literal(value),
            },
            Place::Inside(Raw::Style, _) => style(&text),
            Place::Text | Place::Comment | Place::Inside(..) => escape(&text),
            Place::Attribute {
                quote, kind, seen, ..
            } => {
                let inner = match kind {
                    Kind::Text => text,
                    Kind::Script => literal(value),
                    Kind::Style => style(&text),
                    Kind::Url => url(&text, seen),
                };
                let escaped = escape(&inner);
                if quote.is_none() {
                    unquoted(&escaped)
                } else {
                    escaped
                }
            }
            Place::BeforeValue(name, raw) => {
                let (kind, raw) = (kind_of(name), *raw);
                let mut seen = Seen::Nothing;
                let inner = match kind {
                    Kind::Text => text,
                    Kind::Script => literal(value),
                    Kind::Style => style(&text),
                    Kind::Url => url(&text, &mut seen),
                };
                self.place = Place::Attribute {
                    quote: None,
                    kind,
                    seen,
                    raw,
                };
                unquoted(&escape(&inner))
            }
            // Names cannot be escaped, only refused.
            _ => {
                if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                    text
                } else {
                    UNSAFE.to_owned()
                }
            }
        };
        self.out.push_str(&escaped);
    }

    /// Reads the beginning of `text`; how many bytes.
    fn step(&mut self, text: &str) -> usize {
        let first = text.chars().next().unwrap_or(' ');
        let one = first.len_utf8();
        let blank = first.is_ascii_whitespace();
        match &mut self.place {
            Place::Plain => text.len(),
            Place::Text => {
                let Some(at) = text.find('<') else {
                    return text.len();
                };
                let tag = &text[at + 1..];
                if tag.starts_with("!--") {
                    self.place = Place::Comment;
                    return at + 4;
                }
                // A value right behind it would be the element's name.
                if tag.is_empty()
                    || tag.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c))
                {
                    self.place = Place::Element(String::new());
                }
                at + 1
            }
            Place::Comment => match text.find("-->") {
                Some(at) => {
                    self.place = Place::Text;
                    at + 3
                }
                None => text.len(),
            },
            Place::Element(name) => {
                if blank || first == '>' || (first == '/' && !name.is_empty()) {
                    self.place = Place::Tag(raw_of(name));
                    return usize::from(blank);
                }
                name.push(first.to_ascii_lowercase());
                one
            }
            Place::Tag(raw) => {
                let raw = *raw;
                match first {
                    '>' => self.place = opened(raw),
                    '/' => {}
                    _ if blank => {}
                    _ => self.place = Place::AttributeName(first.to_ascii_lowercase().into(), raw),
                }
                one
            }
            Place::AttributeName(name, raw) => {
                if blank || "=>/".contains(first) {
                    self.place = Place::AfterName(std::mem::take(name), *raw);
                    return 0;
                }
                name.push(first.to_ascii_lowercase());
                one
            }
            Place::AfterName(name, raw) => match first {
                '=' => {
                    self.place = Place::BeforeValue(std::mem::take(name), *raw);
                    one
                }
                _ if blank => one,
                _ => {
                    self.place = Place::Tag(*raw);
                    0
                }
            },
            Place::BeforeValue(..) => self.begin_value(first),
            Place::Attribute {
                quote,
                kind,
                seen,
                raw,
            } => {
                let ends = match quote {
                    Some(quote) => first == *quote,
                    None => blank || first == '>',
                };
                if ends {
                    let skip = if quote.is_some() { one } else { 0 };
                    self.place = Place::Tag(*raw);
                    return skip;
                }
                if *kind == Kind::Url {
                    *seen = match (*seen, first) {
                        (Seen::Query, _) | (_, '?' | '#') => Seen::Query,
                        _ => Seen::Path,
                    };
                }
                one
            }
            Place::Inside(raw, open) => {
                let read = inside(*raw, open, text);
                if read.is_none() {
                    self.place = Place::Text;
                }
                read.unwrap_or_default()
            }
        }
    }

    fn begin_value(&mut self, first: char) -> usize {
        let Place::BeforeValue(name, raw) = &self.place else {
            return 1;
        };
        if first.is_ascii_whitespace() {
            return 1;
        }
        let quote = ['"', '\''].contains(&first).then_some(first);
        let (kind, raw) = (kind_of(name), *raw);
        self.place = if first == '>' {
            Place::Tag(raw)
        } else {
            Place::Attribute {
                quote,
                kind,
                seen: Seen::Nothing,
                raw,
            }
        };
        usize::from(quote.is_some())
    }
}

/// Reads the beginning of what stands in an element without markup; `None` at its end tag.
fn inside(raw: Raw, open: &mut Option<char>, text: &str) -> Option<usize> {
    let name = match raw {
        Raw::Script => "</script",
        Raw::Style => "</style",
        Raw::Title => "</title",
        Raw::Textarea => "</textarea",
        Raw::No => return None,
    };
    if text
        .get(..name.len())
        .is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    {
        return None;
    }
    let first = text.chars().next()?;
    if raw == Raw::Script {
        match open {
            Some(_) if first == '\\' => {
                let escaped = text[1..].chars().next().map_or(0, char::len_utf8);
                return Some(1 + escaped);
            }
            Some(quote) if first == *quote => *open = None,
            None if "\"'`".contains(first) => *open = Some(first),
            _ => {}
        }
    }
    Some(first.len_utf8())
}

fn raw_of(name: &str) -> Raw {
    match name {
        "script" => Raw::Script,
        "style" => Raw::Style,
        "title" => Raw::Title,
        "textarea" => Raw::Textarea,
        _ => Raw::No,
    }
}

fn opened(raw: Raw) -> Place {
    match raw {
        Raw::No => Place::Text,
        raw => Place::Inside(raw, None),
    }
}

/// What an attribute holds, by its name.
fn kind_of(name: &str) -> Kind {
    const URLS: [&str; 14] = [
        "action",
        "archive",
        "background",
        "cite",
        "classid",
        "codebase",
        "data",
        "formaction",
        "href",
        "icon",
        "longdesc",
        "manifest",
        "poster",
        "profile",
    ];
    let name = name.strip_prefix("data-").unwrap_or(name);
    let name = name.rsplit(':').next().unwrap_or(name);
    if name.starts_with("on") {
        Kind::Script
    } else if name == "style" {
        Kind::Style
    } else if URLS.contains(&name) || ["src", "uri", "url"].iter().any(|part| name.contains(part)) {
        Kind::Url
    } else {
        Kind::Text
    }
}

/// A value in a URL: at its beginning only schemes that do no harm, in its query everything encoded.
fn url(text: &str, seen: &mut Seen) -> String {
    match *seen {
        Seen::Query => return utf8_percent_encode(text, QUERY).to_string(),
        Seen::Nothing => {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme);
            let harmless = |scheme: &str| {
                ["http", "https", "mailto"]
                    .iter()
                    .any(|known| scheme.eq_ignore_ascii_case(known))
            };
            if scheme.is_some_and(|scheme| !scheme.contains('/') && !harmless(scheme)) {
                *seen = Seen::Path;
                return format!("#{UNSAFE}");
            }
        }
        Seen::Path => {}
    }
    *seen = if text.contains(['?', '#']) {
        Seen::Query
    } else {
        Seen::Path
    };
    utf8_percent_encode(text, URL).to_string()
}

/// As text between tags, or between an attribute's quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '+' => out.push_str("&#43;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// An escaped value where no quotes stand around it.
fn unquoted(escaped: &str) -> String {
    if escaped.is_empty() {
        return UNSAFE.to_owned();
    }
    let mut out = String::with_capacity(escaped.len());
    for c in escaped.chars() {
        if c.is_ascii_whitespace() || "=`".contains(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Inside the quotes of a script.
pub(super) fn escape_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_ascii_alphanumeric() || " -_.,:;!?@#%*()[]".contains(c) => out.push(c),
            c if c.is_ascii() || ['\u{2028}', '\u{2029}'].contains(&c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A value as a script's literal.
fn literal(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// A value in a style: plain words, numbers and colors.
fn style(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " #.,%_-".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        UNSAFE.to_owned()
    }
}
