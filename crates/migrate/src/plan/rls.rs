//! Who may do what with which rows.

use serde::{Deserialize, Serialize};

/// Who may do what with a table's rows (MIG-RLS-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// Owners read and write their own rows.
    Owner,
    /// The same, and administrators read every row.
    OwnerAdmin,
    /// Owners read their own rows, administrators all; servers write.
    OwnerRead,
    /// Owners read and add their own rows, administrators read all; nobody changes or deletes.
    AppendOnly,
    /// Rows belong to whoever owns the row they point at.
    ParentOwned,
    /// The profile table: everybody reads and changes their own row, administrators read all.
    Profile,
    /// Everybody reads.
    PublicRead,
    /// Everybody who is signed in reads.
    AuthenticatedRead,
    /// Administrators only.
    AdminOnly,
    /// Servers only.
    ServiceOnly,
    /// Somebody must decide.
    Ask,
}

impl Pattern {
    pub(super) const ANSWERS: &'static str = "owner | owner-admin | owner-read | append-only | parent-owned | \
        public-read | authenticated-read | admin-only | service-only";

    /// Whether it needs an owner's column.
    pub fn needs_owner(self) -> bool {
        matches!(
            self,
            Self::Owner | Self::OwnerAdmin | Self::OwnerRead | Self::AppendOnly | Self::Profile
        )
    }

    /// Its name in a policy's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner | Self::OwnerAdmin | Self::OwnerRead | Self::AppendOnly => "owner",
            Self::Profile => "profile",
            Self::ParentOwned => "parent",
            Self::PublicRead => "public",
            Self::AuthenticatedRead => "authenticated",
            Self::AdminOnly => "admin",
            Self::ServiceOnly => "service",
            Self::Ask => "ask",
        }
    }
}

/// What holds for every policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RlsPlan {
    /// One policy for owner and administrator instead of two.
    pub merge_permissive: bool,
    /// The value of `app_metadata.role` that makes an administrator.
    pub admin_role: String,
    /// Administrators may write, too.
    pub admin_write: bool,
}

impl Default for RlsPlan {
    fn default() -> Self {
        Self {
            merge_permissive: true,
            admin_role: "admin".to_owned(),
            admin_write: false,
        }
    }
}
