//! The two variants, the three sizes, and how many rows each table gets.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// How the application is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Clean: as it was designed.
    A,
    /// Drifted: as it is in production.
    B,
}

/// How much data there is. Variant B has its planted rows on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 5 users and a few rows in every table; made in a second or two.
    S,
    /// 20 000 users and 2 million conversations, about 1 GB.
    M,
    /// 1 million users and 100 million rows.
    L,
}

impl FromStr for Variant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "a" | "A" => Ok(Self::A),
            "b" | "B" => Ok(Self::B),
            _ => Err(Error::UnknownVariant(text.to_owned())),
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "s" | "S" => Ok(Self::S),
            "m" | "M" => Ok(Self::M),
            "l" | "L" => Ok(Self::L),
            _ => Err(Error::UnknownSize(text.to_owned())),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S => "s",
            Self::M => "m",
            Self::L => "l",
        })
    }
}

/// The least number of rows of each table; the known people's history may ask for more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) users: i32,
    pub(crate) invitations: u64,
    pub(crate) password_resets: u64,
    pub(crate) activity_logs: u64,
    pub(crate) conversations: u64,
    /// Of the user all dashboards are blamed on, in variant B.
    pub(crate) heavy_conversations: u64,
    pub(crate) messages: u64,
    pub(crate) user_documents: u64,
    /// Of the one huge document of variant B.
    pub(crate) huge_document_bytes: usize,
    pub(crate) documents: u64,
    pub(crate) reports: u64,
    pub(crate) watch_configs: u64,
    pub(crate) watch_history: u64,
    pub(crate) contexts: u64,
    pub(crate) migration_status: u64,
}

impl Size {
    pub(crate) fn scale(self) -> Scale {
        match self {
            Self::S => Scale {
                users: 5,
                invitations: 6,
                password_resets: 5,
                activity_logs: 30,
                conversations: 40,
                heavy_conversations: 2_000,
                messages: 20,
                user_documents: 10,
                huge_document_bytes: 1 << 20,
                documents: 3,
                reports: 10,
                watch_configs: 5,
                watch_history: 10,
                contexts: 10,
                migration_status: 3,
            },
            Self::M => Scale {
                users: 20_000,
                invitations: 2_000,
                password_resets: 2_000,
                activity_logs: 400_000,
                conversations: 2_000_000,
                heavy_conversations: 200_000,
                messages: 200_000,
                user_documents: 40_000,
                huge_document_bytes: 40 << 20,
                documents: 500,
                reports: 30_000,
                watch_configs: 5_000,
                watch_history: 20_000,
                contexts: 20_000,
                migration_status: 5_000,
            },
            Self::L => Scale {
                users: 1_000_000,
                invitations: 100_000,
                password_resets: 100_000,
                activity_logs: 12_000_000,
                conversations: 60_000_000,
                heavy_conversations: 200_000,
                messages: 20_000_000,
                user_documents: 2_000_000,
                huge_document_bytes: 40 << 20,
                documents: 20_000,
                reports: 1_500_000,
                watch_configs: 500_000,
                watch_history: 1_000_000,
                contexts: 1_000_000,
                migration_status: 250_000,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // MIG-LEG-01: 1 million users, 100 million rows.
    #[test]
    fn size_l_has_a_hundred_million_rows() {
        let scale = Size::L.scale();
        let rows = u64::try_from(scale.users).unwrap()
            + scale.invitations
            + scale.password_resets
            + scale.activity_logs
            + scale.conversations
            + scale.messages
            + scale.user_documents
            + scale.documents
            + scale.reports
            + scale.watch_configs
            + scale.watch_history
            + scale.contexts
            + scale.migration_status;
        // The quotas, one for each owner of a context, come on top.
        assert!((99_000_000..100_000_000).contains(&rows), "{rows}");
    }

    #[test]
    fn variants_and_sizes_are_read_as_they_are_written() {
        for variant in [Variant::A, Variant::B] {
            assert_eq!(variant.to_string().parse::<Variant>().unwrap(), variant);
        }
        for size in [Size::S, Size::M, Size::L] {
            assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        }
        assert!(matches!("xl".parse::<Size>(), Err(Error::UnknownSize(text)) if text == "xl"));
        assert!(matches!(
            "c".parse::<Variant>(),
            Err(Error::UnknownVariant(_))
        ));
    }
}
