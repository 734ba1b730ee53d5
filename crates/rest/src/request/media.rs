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
    /// `application/vnd.pgrst.plan…`, as sent.
    Plan(String),
    /// Anything else, as sent.
    Other(String),
}

impl MediaType {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let nulls = if parts.any(|part| part.eq_ignore_ascii_case("nulls=stripped")) {
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
            plan if plan.starts_with("application/vnd.pgrst.plan") => Self::Plan(text.to_owned()),
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
            Self::Plan(text) | Self::Other(text) => text,
        }
    }
}

/// REST-MED-01: by quality, then by how much each says; a missing header means anything.
pub(crate) fn accept(headers: &HeaderMap) -> Vec<MediaType> {
    let texts: Vec<&str> = headers
        .get_all(http::header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut ranked: Vec<(f32, i32, MediaType)> = texts
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| {
            let mut quality = 1.0;
            let mut parameters = 0;
            let mut kept = Vec::new();
            for (at, part) in item.split(';').map(str::trim).enumerate() {
                match part.strip_prefix("q=") {
                    Some(number) if at > 0 => quality = number.parse().unwrap_or(1.0),
                    _ => {
                        parameters += i32::from(at > 0);
                        kept.push(part);
                    }
                }
            }
            let stars = i32::try_from(kept[0].matches('*').count()).unwrap_or(0);
            (
                quality,
                parameters - stars,
                MediaType::parse(&kept.join(";")),
            )
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
