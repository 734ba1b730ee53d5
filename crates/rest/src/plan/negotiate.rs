//! Which media type is sent, and which preferences took effect.

use catalog::{Catalog, Function, MediaDomain, ObjectName};
use http::HeaderValue;

use crate::config::Config;
use crate::error::Error;
use crate::request::Shape;
use crate::request::media::{Explain, MediaType, Nulls};
use crate::request::prefer::{self, Preferences};
use crate::request::syntax::SelectItem;

/// How the rows become a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// A JSON array (or a function's bare value).
    Json(Nulls),
    /// One JSON object; another number of rows is an error.
    Singular(Nulls),
    /// A header line and a line a row.
    Csv,
    /// A collection of features, made by PostGIS.
    GeoJson,
    /// As an aggregate of the database makes it.
    Aggregate {
        function: ObjectName,
        /// The relation whose rows it takes, if it takes no others.
        relation: Option<ObjectName>,
        bytes: bool,
    },
    /// A function's value as it is.
    Raw { bytes: bool },
}

impl Format {
    pub(crate) fn is_singular(&self) -> bool {
        matches!(self, Self::Singular(_))
    }

    /// Whether the body arrives in PostgreSQL's hexadecimal notation.
    pub(crate) fn is_bytes(&self) -> bool {
        matches!(
            self,
            Self::Aggregate { bytes: true, .. } | Self::Raw { bytes: true }
        )
    }
}

/// What was agreed on.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) format: Format,
    /// `Content-Type`.
    pub(crate) content_type: HeaderValue,
    /// The plan is wanted, not the rows.
    pub(crate) explain: Option<Explain>,
}

/// What can be made of the rows of a relation or of a function's result.
pub(super) struct Offers<'c> {
    catalog: &'c Catalog,
    target: &'c ObjectName,
    function: Option<&'c Function>,
    /// Whether everything was selected: other handlers than those for any rows presume it.
    everything: bool,
    plans: bool,
}

impl<'c> Offers<'c> {
    pub(super) fn new(
        shape: &Shape,
        catalog: &'c Catalog,
        config: &Config,
        target: &'c ObjectName,
        function: Option<&'c Function>,
    ) -> Self {
        Self {
            catalog,
            target,
            function,
            everything: shape.params.select == [SelectItem::Star],
            plans: config.plans,
        }
    }

    /// REST-MED-01, -02: the first that can be made.
    pub(super) fn choose(&self, accept: &[MediaType]) -> Result<Chosen, Error> {
        accept
            .iter()
            .find_map(|media| match media {
                MediaType::Plan(explain) => self.plans.then(|| self.explained(explain))?,
                media => self.made(media),
            })
            .ok_or_else(|| none_of(accept))
    }

    fn explained(&self, explain: &Explain) -> Option<Chosen> {
        let inner = self.made(&explain.of)?;
        let media = MediaType::Plan(Box::new(explain.clone()));
        Some(Chosen {
            content_type: HeaderValue::try_from(format!("{}; charset=utf-8", media.text())).ok()?,
            explain: Some(explain.clone()),
            format: inner.format,
        })
    }

    fn made(&self, media: &MediaType) -> Option<Chosen> {
        let with = |format, content_type: &str| {
            Some(Chosen {
                format,
                // A domain may be named with letters that no header can hold.
                content_type: HeaderValue::try_from(content_type).ok()?,
                explain: None,
            })
        };
        // REST-HND-05: our own types cannot be overridden.
        let vendor = match media {
            MediaType::Array(nulls) => Some(Format::Json(*nulls)),
            MediaType::Singular(nulls) => Some(Format::Singular(*nulls)),
            _ => None,
        };
        if let Some(format) = vendor {
            return with(format, &with_charset(media.text()));
        }
        if let Some((format, made)) = self.handler(media.essence()) {
            let made = if made == "*/*" {
                "application/octet-stream"
            } else {
                made
            };
            return with(format, &with_charset(made));
        }
        match media {
            MediaType::Any | MediaType::Json => {
                with(Format::Json(Nulls::Kept), "application/json; charset=utf-8")
            }
            MediaType::Csv => with(Format::Csv, "text/csv; charset=utf-8"),
            MediaType::GeoJson => with(Format::GeoJson, "application/geo+json; charset=utf-8"),
            _ => None,
        }
    }

    /// REST-HND-04: what the database makes for this very relation or function, of any type or of this; then
    /// what it makes of any rows.
    fn handler(&self, wanted: &str) -> Option<(Format, &'c str)> {
        let own = |wanted: &str| {
            self.raw(wanted)
                .or_else(|| self.aggregate(Some(self.target), wanted))
        };
        self.everything
            .then(|| own("*/*").or_else(|| own(wanted)))
            .flatten()
            .or_else(|| self.aggregate(None, wanted))
    }

    fn raw(&self, wanted: &str) -> Option<(Format, &'c str)> {
        let returns = &self.function?.returns;
        let makes = returns.media.as_ref().filter(|_| !returns.set)?;
        makes.media.eq_ignore_ascii_case(wanted).then(|| {
            let bytes = is_bytes(makes);
            (Format::Raw { bytes }, makes.media.as_str())
        })
    }

    fn aggregate(&self, of: Option<&ObjectName>, wanted: &str) -> Option<(Format, &'c str)> {
        let found = self.catalog.media_aggregates().iter().find(|aggregate| {
            aggregate.relation.as_ref() == of && aggregate.makes.media.eq_ignore_ascii_case(wanted)
        })?;
        let format = Format::Aggregate {
            function: found.function.clone(),
            relation: found.relation.clone(),
            bytes: is_bytes(&found.makes),
        };
        Some((format, found.makes.media.as_str()))
    }
}

fn is_bytes(domain: &MediaDomain) -> bool {
    domain.base_type.as_str() == "bytea"
}

/// REST-HND-06: types of ours and of text say their character set, others do not.
fn with_charset(media: &str) -> String {
    const TEXTS: [&str; 6] = [
        "text/plain",
        "text/xml",
        "text/csv",
        "application/json",
        "application/geo+json",
        "application/openapi+json",
    ];
    let lower = media.to_ascii_lowercase();
    if lower.starts_with("application/vnd.pgrst.") || TEXTS.contains(&lower.as_str()) {
        format!("{media}; charset=utf-8")
    } else {
        media.to_owned()
    }
}

/// REST-MED-02.
pub(super) fn none_of(accept: &[MediaType]) -> Error {
    Error::MediaTypes(accept.iter().map(|media| media.text().to_owned()).collect())
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
pub(crate) fn applied(given: &Preferences, to: Applies) -> Option<HeaderValue> {
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
    let text = items.into_iter().flatten().collect::<Vec<_>>().join(", ");
    // The items came in a header, so they may stand in one.
    HeaderValue::try_from(text)
        .ok()
        .filter(|value| !value.is_empty())
}
