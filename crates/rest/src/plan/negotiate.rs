//! Which media type is sent, and which preferences took effect.

use crate::error::Error;
use crate::request::media::{MediaType, Nulls};
use crate::request::prefer::{self, Preferences};

/// How the rows become a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A JSON array (or a function's bare value).
    Json(Nulls),
    /// One JSON object; another number of rows is an error.
    Singular(Nulls),
    /// A header line and a line a row.
    Csv,
}

impl Default for Format {
    fn default() -> Self {
        Self::Json(Nulls::Kept)
    }
}

impl Format {
    /// REST-MED-01, -02: the first that can be made.
    pub(crate) fn choose(accept: &[MediaType]) -> Result<Self, Error> {
        accept
            .iter()
            .find_map(|media| match media {
                MediaType::Any | MediaType::Json => Some(Self::Json(Nulls::Kept)),
                MediaType::Array(nulls) => Some(Self::Json(*nulls)),
                MediaType::Singular(nulls) => Some(Self::Singular(*nulls)),
                MediaType::Csv => Some(Self::Csv),
                MediaType::GeoJson
                | MediaType::OpenApi
                | MediaType::Plan(_)
                | MediaType::Other(_) => None,
            })
            .ok_or_else(|| {
                Error::MediaTypes(accept.iter().map(|media| media.text().to_owned()).collect())
            })
    }

    /// `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json(Nulls::Kept) => "application/json; charset=utf-8",
            Self::Json(Nulls::Stripped) => {
                "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
            }
            Self::Singular(Nulls::Kept) => "application/vnd.pgrst.object+json; charset=utf-8",
            Self::Singular(Nulls::Stripped) => {
                "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"
            }
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    pub(crate) fn is_singular(self) -> bool {
        matches!(self, Self::Singular(_))
    }
}

/// REST-PRF-02.
pub(crate) fn strictness(prefer: &Preferences) -> Result<(), Error> {
    if prefer.is_strict() && !prefer.unknown.is_empty() {
        return Err(Error::Preferences(prefer.unknown.clone()));
    }
    Ok(())
}

/// What kind of request the preferences were given with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    Read,
    Call,
    Insert { resolves: bool },
    Update,
    SingleUpsert,
    Delete,
}

/// REST-PRF-06: what took effect, in a fixed order.
pub(crate) fn applied(given: &Preferences, to: Applies) -> String {
    let writes = !matches!(to, Applies::Read | Applies::Call);
    let resolves = matches!(to, Applies::Insert { resolves: true });
    let fills = matches!(to, Applies::Insert { .. } | Applies::Update);
    let limits = matches!(to, Applies::Update | Applies::Delete | Applies::Call);
    let timezone = given
        .timezone
        .as_ref()
        .map(|zone| format!("timezone={zone}"));
    let max_affected = given
        .effective_max_affected()
        .filter(|_| limits)
        .map(|n| format!("max-affected={n}"));
    let items = [
        given
            .resolution
            .filter(|_| resolves)
            .map(prefer::Resolution::text),
        given.missing.filter(|_| fills).map(prefer::Missing::text),
        given.returning.filter(|_| writes).map(prefer::Return::text),
        given.count.map(prefer::Count::text),
        given.tx.map(prefer::Tx::text),
        given.handling.map(prefer::Handling::text),
        timezone.as_deref(),
        max_affected.as_deref(),
    ];
    items.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
