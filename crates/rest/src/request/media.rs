//! Media types: what is asked for and what is sent.

use http::HeaderMap;

/// Whether members that are null are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Nulls {
    Kept,
    Stripped,
}

/// A media type as this service knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum MediaType {
    Any,
    Json,
    Array(Nulls),
    Singular(Nulls),
    Csv,
    GeoJson,
    OpenApi,
    /// `application/vnd.pgrst.plan…`.
    Plan(Box<Explain>),
    /// Anything else, as sent.
    Other(String),
}

/// What an execution plan is asked for, and how it is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Explain {
    /// The media type whose making is explained.
    pub(crate) of: MediaType,
    pub(crate) json: bool,
    /// Those of [`EXPLAIN_OPTIONS`] that were asked for, in that order.
    pub(crate) options: Vec<&'static str>,
    /// The media type in canonical form.
    canonical: String,
}

/// REST-MED-07: what `EXPLAIN` may be told to add.
const EXPLAIN_OPTIONS: [&str; 5] = ["analyze", "verbose", "settings", "buffers", "wal"];

impl Explain {
    fn parse(essence: &str, parameters: &[&str]) -> Self {
        let parameter = |name: &str| {
            parameters.iter().find_map(|part| {
                let (key, value) = part.split_once('=')?;
                key.trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().trim_matches('"'))
            })
        };
        let json = essence.ends_with("+json");
        let of = parameter("for").map_or(MediaType::Json, MediaType::parse);
        let asked: Vec<&str> = parameter("options")
            .map_or_else(Vec::new, |text| text.split('|').map(str::trim).collect());
        let options: Vec<&'static str> = EXPLAIN_OPTIONS
            .into_iter()
            .filter(|option| asked.contains(option))
            .collect();
        let mut canonical = format!(
            "application/vnd.pgrst.plan+{}; for=\"{}\"",
            if json { "json" } else { "text" },
            of.text()
        );
        if !options.is_empty() {
            canonical.push_str("; options=");
            canonical.push_str(&options.join("|"));
        }
        Self {
            of,
            json,
            options,
            canonical,
        }
    }
}

impl MediaType {
    fn parse(text: &str) -> Self {
        let parts: Vec<&str> = outside_quotes(text, ';').map(str::trim).collect();
        let essence = parts[0].to_ascii_lowercase();
        let nulls = if parts[1..]
            .iter()
            .any(|part| part.eq_ignore_ascii_case("nulls=stripped"))
        {
            Nulls::Stripped
        } else {
            Nulls::Kept
        };
        match essence.as_str() {
            "*/*" => Self::Any,
            "application/json" => Self::Json,
            "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array"
                if nulls == Nulls::Kept =>
            {
                Self::Json
            }
            "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" => {
                Self::Array(nulls)
            }
            "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => {
                Self::Singular(nulls)
            }
            "text/csv" => Self::Csv,
            "application/geo+json" => Self::GeoJson,
            "application/openapi+json" => Self::OpenApi,
            "application/vnd.pgrst.plan"
            | "application/vnd.pgrst.plan+json"
            | "application/vnd.pgrst.plan+text" => {
                Self::Plan(Box::new(Explain::parse(&essence, &parts[1..])))
            }
            _ => Self::Other(text.to_owned()),
        }
    }

    /// As it is printed in answers and errors.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Any => "*/*",
            Self::Json => "application/json",
            Self::Array(Nulls::Kept) => "application/vnd.pgrst.array+json",
            Self::Array(Nulls::Stripped) => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::Singular(Nulls::Kept) => "application/vnd.pgrst.object+json",
            Self::Singular(Nulls::Stripped) => "application/vnd.pgrst.object+json;nulls=stripped",
            Self::Csv => "text/csv",
            Self::GeoJson => "application/geo+json",
            Self::OpenApi => "application/openapi+json",
            Self::Plan(explain) => &explain.canonical,
            Self::Other(text) => text,
        }
    }

    /// Type and subtype alone.
    pub(crate) fn essence(&self) -> &str {
        self.text().split(';').next().unwrap_or_default().trim()
    }
}

/// The parts of a text between separators that are not quoted.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// REST-MED-01: by quality, then by how much each says; a missing header means anything.
pub(crate) fn accept(headers: &HeaderMap) -> Vec<MediaType> {
    let texts: Vec<&str> = headers
        .get_all(http::header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    // What nearly everyone sends.
    if let [] | ["*/*"] = texts.as_slice() {
        return vec![MediaType::Any];
    }
    let mut ranked: Vec<(f32, i32, MediaType)> = texts
        .iter()
        .flat_map(|text| outside_quotes(text, ','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| {
            let mut quality = 1.0;
            let mut parameters = 0;
            let mut kept = Vec::new();
            for (at, part) in outside_quotes(item, ';').map(str::trim).enumerate() {
                match part.strip_prefix("q=") {
                    Some(number) if at > 0 => quality = number.parse().unwrap_or(1.0),
                    _ if part.is_empty() => {}
                    _ => {
                        parameters += i32::from(at > 0);
                        kept.push(part);
                    }
                }
            }
            let kept = kept.join(";");
            let stars = i32::try_from(
                kept.split(';')
                    .next()
                    .unwrap_or_default()
                    .matches('*')
                    .count(),
            )
            .unwrap_or(0);
            (quality, parameters - stars, MediaType::parse(&kept))
        })
        .collect();
    if ranked.is_empty() {
        return vec![MediaType::Any];
    }
    ranked.sort_by(|(q1, s1, _), (q2, s2, _)| q2.total_cmp(q1).then(s2.cmp(s1)));
    ranked.into_iter().map(|(_, _, media)| media).collect()
}

/// The kind of a request's body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum BodyType {
    Json,
    Csv,
    Form,
    Text,
    Xml,
    Octets,
    Other(String),
}

pub(crate) fn content_type(headers: &HeaderMap) -> BodyType {
    let Some(value) = headers.get(http::header::CONTENT_TYPE) else {
        return BodyType::Json;
    };
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/json" | "" => BodyType::Json,
        "text/csv" => BodyType::Csv,
        "application/x-www-form-urlencoded" => BodyType::Form,
        "text/plain" => BodyType::Text,
        "text/xml" => BodyType::Xml,
        "application/octet-stream" => BodyType::Octets,
        _ => BodyType::Other(essence),
    }
}
