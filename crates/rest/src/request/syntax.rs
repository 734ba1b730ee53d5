//! What a query string can say, as types. Names are the caller's; nothing here knows a table.

use crate::request::values::ValueId;

/// The embeds that lead to where a parameter applies; empty for the root.
pub(crate) type EmbedPath = Vec<String>;

/// `->` or `->>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arrow {
    Json,
    Text,
}

/// What an arrow points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Operand {
    Key(String),
    /// Digits, perhaps with a minus sign.
    Index(String),
}

/// A column with an optional JSON path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) path: Vec<(Arrow, Operand)>,
}

/// `!inner` or `!left`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum JoinType {
    Inner,
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aggregate {
    Sum,
    Avg,
    Max,
    Min,
    Count,
}

impl Aggregate {
    /// The function's name, which is also its result's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Min => "min",
            Self::Count => "count",
        }
    }
}

/// One item of `select`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SelectItem {
    Star,
    Field {
        alias: Option<String>,
        field: Field,
        cast: Option<String>,
        aggregate: Option<(Aggregate, Option<String>)>,
    },
    /// `count()`.
    CountRows {
        alias: Option<String>,
        cast: Option<String>,
    },
    Embed(Embed),
}

/// `alias:relation!hint!inner(…)`, or a spread of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Embed {
    pub(crate) alias: Option<String>,
    pub(crate) name: String,
    pub(crate) hint: Option<String>,
    pub(crate) join: Option<JoinType>,
    pub(crate) spread: bool,
    pub(crate) select: Vec<SelectItem>,
}

impl Embed {
    /// The word by which parameters address it.
    pub(crate) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// An operator that takes one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Like,
    ILike,
    Match,
    IMatch,
    Contains,
    Contained,
    Overlaps,
    StrictlyLeft,
    StrictlyRight,
    NotRight,
    NotLeft,
    Adjacent,
}

impl Operator {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "neq" => Self::NotEqual,
            "gt" => Self::Greater,
            "gte" => Self::GreaterEqual,
            "lt" => Self::Less,
            "lte" => Self::LessEqual,
            "like" => Self::Like,
            "ilike" => Self::ILike,
            "match" => Self::Match,
            "imatch" => Self::IMatch,
            "cs" => Self::Contains,
            "cd" => Self::Contained,
            "ov" => Self::Overlaps,
            "sl" => Self::StrictlyLeft,
            "sr" => Self::StrictlyRight,
            "nxr" => Self::NotRight,
            "nxl" => Self::NotLeft,
            "adj" => Self::Adjacent,
            _ => return None,
        })
    }

    /// Whether `(any)` and `(all)` go with it.
    pub(crate) fn takes_quantifier(self) -> bool {
        !matches!(
            self,
            Self::Contains
                | Self::Contained
                | Self::Overlaps
                | Self::StrictlyLeft
                | Self::StrictlyRight
                | Self::NotRight
                | Self::NotLeft
                | Self::Adjacent
        )
    }

    /// Whether the value is of the column's type, and not a pattern.
    pub(crate) fn converts(self) -> bool {
        !matches!(self, Self::Like | Self::ILike)
    }

    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Like => "like",
            Self::ILike => "ilike",
            Self::Match => "~",
            Self::IMatch => "~*",
            Self::Contains => "@>",
            Self::Contained => "<@",
            Self::Overlaps => "&&",
            Self::StrictlyLeft => "<<",
            Self::StrictlyRight => ">>",
            Self::NotRight => "&<",
            Self::NotLeft => "&>",
            Self::Adjacent => "-|-",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quantifier {
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum IsValue {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FullText {
    Plain,
    PlainTo,
    Phrase,
    Web,
}

/// What a filter asks of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Compare {
        operator: Operator,
        quantifier: Option<Quantifier>,
        value: ValueId,
    },
    /// An array literal.
    In {
        list: ValueId,
    },
    Is(IsValue),
    IsDistinct(ValueId),
    FullText {
        kind: FullText,
        language: Option<String>,
        value: ValueId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    pub(crate) field: Field,
    pub(crate) negated: bool,
    pub(crate) test: Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Junctor {
    And,
    Or,
}

/// A tree of conditions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Logic {
    Group {
        negated: bool,
        junctor: Junctor,
        members: Vec<Logic>,
    },
    Filter(Filter),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Nulls {
    First,
    Last,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OrderTerm {
    /// An embedded to-one resource whose column is meant.
    pub(crate) relation: Option<String>,
    pub(crate) field: Field,
    pub(crate) direction: Option<Direction>,
    pub(crate) nulls: Option<Nulls>,
}

/// `limit` and `offset` of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Window {
    pub(crate) limit: Option<ValueId>,
    pub(crate) offset: Option<ValueId>,
}

/// The whole query string, but for the values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct QueryParams {
    pub(crate) select: Vec<SelectItem>,
    pub(crate) filters: Vec<(EmbedPath, Filter)>,
    pub(crate) logic: Vec<(EmbedPath, Logic)>,
    pub(crate) orders: Vec<(EmbedPath, Vec<OrderTerm>)>,
    pub(crate) windows: Vec<(EmbedPath, Window)>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) on_conflict: Option<Vec<String>>,
    /// Arguments of a function called by GET, in order of appearance.
    pub(crate) arguments: Vec<(String, ValueId)>,
}
