//! `Prefer`.

use http::HeaderMap;
use settings::TxEnd;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Resolution {
    MergeDuplicates,
    IgnoreDuplicates,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Missing {
    Default,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Return {
    Representation,
    Minimal,
    HeadersOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Count {
    Exact,
    Planned,
    Estimated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Tx {
    Commit,
    Rollback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Handling {
    Strict,
    Lenient,
}

/// What the caller prefers; for each kind the first recognised item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Preferences {
    pub(crate) resolution: Option<Resolution>,
    pub(crate) missing: Option<Missing>,
    pub(crate) returning: Option<Return>,
    pub(crate) count: Option<Count>,
    pub(crate) tx: Option<Tx>,
    pub(crate) handling: Option<Handling>,
    pub(crate) timezone: Option<String>,
    pub(crate) max_affected: Option<u64>,
    /// Items that mean nothing here.
    pub(crate) unknown: Vec<String>,
}

impl Preferences {
    /// Reads all `Prefer` headers.
    pub(crate) fn parse(headers: &HeaderMap, tx_end: TxEnd) -> Self {
        let mut prefer = Self::default();
        let texts = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
        for item in texts
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            prefer.item(item);
        }
        if !matches!(
            tx_end,
            TxEnd::CommitAllowOverride | TxEnd::RollbackAllowOverride
        ) {
            prefer.tx = None;
        }
        prefer
    }

    fn item(&mut self, item: &str) {
        match item {
            "resolution=merge-duplicates" => {
                first(&mut self.resolution, Resolution::MergeDuplicates);
            }
            "resolution=ignore-duplicates" => {
                first(&mut self.resolution, Resolution::IgnoreDuplicates);
            }
            "missing=default" => first(&mut self.missing, Missing::Default),
            "missing=null" => first(&mut self.missing, Missing::Null),
            "return=representation" => first(&mut self.returning, Return::Representation),
            "return=minimal" => first(&mut self.returning, Return::Minimal),
            "return=headers-only" => first(&mut self.returning, Return::HeadersOnly),
            "count=exact" => first(&mut self.count, Count::Exact),
            "count=planned" => first(&mut self.count, Count::Planned),
            "count=estimated" => first(&mut self.count, Count::Estimated),
            "tx=commit" => first(&mut self.tx, Tx::Commit),
            "tx=rollback" => first(&mut self.tx, Tx::Rollback),
            "handling=strict" => first(&mut self.handling, Handling::Strict),
            "handling=lenient" => first(&mut self.handling, Handling::Lenient),
            _ => match item.split_once('=') {
                Some(("timezone", zone)) => first(&mut self.timezone, zone.to_owned()),
                Some(("max-affected", number)) => {
                    if let Ok(number) = number.parse() {
                        first(&mut self.max_affected, number);
                    }
                }
                _ => self.unknown.push(item.to_owned()),
            },
        }
    }

    /// REST-VER-04: as 14.5, which knows the names of time zones. Another one does not count.
    pub(crate) fn check_time_zone(&mut self, known: impl Fn(&str) -> bool) {
        if let Some(zone) = self.timezone.take_if(|zone| !known(zone)) {
            self.unknown.push(format!("timezone={zone}"));
        }
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// REST-PRF-05: the limit counts only with `handling=strict`.
    pub(crate) fn effective_max_affected(&self) -> Option<u64> {
        self.max_affected.filter(|_| self.is_strict())
    }

    pub(crate) fn wants_representation(&self) -> bool {
        self.returning == Some(Return::Representation)
    }
}

fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

/// The items, as they are reported back.
impl Resolution {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::MergeDuplicates => "resolution=merge-duplicates",
            Self::IgnoreDuplicates => "resolution=ignore-duplicates",
        }
    }
}

impl Missing {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Default => "missing=default",
            Self::Null => "missing=null",
        }
    }
}

impl Return {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Representation => "return=representation",
            Self::Minimal => "return=minimal",
            Self::HeadersOnly => "return=headers-only",
        }
    }
}

impl Count {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Exact => "count=exact",
            Self::Planned => "count=planned",
            Self::Estimated => "count=estimated",
        }
    }
}

impl Tx {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Commit => "tx=commit",
            Self::Rollback => "tx=rollback",
        }
    }
}

impl Handling {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Strict => "handling=strict",
            Self::Lenient => "handling=lenient",
        }
    }
}
