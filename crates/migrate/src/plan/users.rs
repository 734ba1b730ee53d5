//! Who moves, and how each column of the users table is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PlanError, Question};
use crate::inventory::Name;
use crate::mapping::IdForm;
use crate::password;

/// Where new ids come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UuidStrategy {
    /// From the old id, with the run's secret.
    Derived,
    /// From a column that holds a UUID already.
    Column(String),
}

/// What becomes of the old users table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegacyTable {
    /// It stays as the profile table: its key becomes the new id, its credentials move out of reach.
    Profile,
}

/// Whose address counts as confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// Everybody's: the old application did not ask.
    All,
    /// Nobody's.
    None,
    /// Where this boolean column is true.
    Flag(String),
    /// Where this time column is set.
    Time(String),
}

/// Which column says whether somebody may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Active {
    /// The column.
    pub column: String,
    /// True in it means no: `banned`, `disabled`, `locked`.
    #[serde(default)]
    pub inverted: bool,
    /// What null means.
    pub null_means_active: bool,
}

/// What becomes of hashes that no other auth service checks: PBKDF2, scrypt, digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldHashes {
    /// They are carried and checked as they are at the first sign-in, then replaced.
    #[default]
    Carry,
    /// Those users get no password and reset it.
    Reset,
}

/// Where passwords are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordPlan {
    /// The table.
    pub table: Name,
    /// Its column that holds the user's id.
    pub user_key: String,
    /// The column with the hash.
    pub column: String,
    /// What becomes of hashes in old formats.
    #[serde(default)]
    pub old_hashes: OldHashes,
    /// What the old application did to a password before it hashed it, in this order: `sha1-hex`, `sha256-base64`,
    /// `append-pepper:NAME`, `prefix-salt:column` (MIG-PWD-07).
    #[serde(default)]
    pub transform: Vec<String>,
    /// How many of each class were counted.
    #[serde(default)]
    pub classes: BTreeMap<String, u64>,
}

impl PasswordPlan {
    /// The columns of [`PasswordPlan::table`] that hold salts, in the order of the transforms that need them.
    pub fn salt_columns(&self) -> impl Iterator<Item = &str> {
        self.transform
            .iter()
            .filter_map(|transform| password::salt_column(transform))
    }

    /// The names of the peppers that the auth service needs in `auth.legacy_peppers`.
    pub fn peppers(&self) -> impl Iterator<Item = String> {
        self.transform
            .iter()
            .filter_map(|transform| password::pepper(transform))
    }
}

/// Addresses in a table beside the users: one row for each, the first of a user's counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactPlan {
    /// The table.
    pub table: Name,
    /// Its column that holds the user's id.
    pub user_key: String,
    /// The column with the address.
    pub column: String,
    /// Where the table holds numbers and the like too: the column that says what a row is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What that column says of an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_value: Option<String>,
    /// Of several addresses, the one where this column is true comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// The address is confirmed where this column is true, or a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<String>,
}

impl ContactPlan {
    /// Every column that it names.
    fn columns(&self) -> impl Iterator<Item = (&Name, &str)> {
        let optional = [&self.kind, &self.primary, &self.confirmed];
        [&self.user_key, &self.column]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .map(|column| (&self.table, column.as_str()))
    }
}

/// What becomes of users whose data has a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserDecision {
    /// Somebody must decide.
    Ask,
    /// A banned user with a made-up address, so that their data keeps an owner.
    Placeholder,
    /// Of several with one address, the one who signed in last keeps it; the others become placeholders.
    KeepActive,
    /// Of several with one address, all become one user.
    Merge,
    /// Of several with one address, the one made last keeps it; the others become placeholders.
    KeepNewest,
    /// The user counts as failed.
    Fail,
}

/// Who moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersPlan {
    /// The table.
    pub table: Name,
    /// Its key.
    pub id: String,
    /// How ids are written.
    pub id_form: IdForm,
    /// The key's type on the source.
    pub id_type: String,
    /// Users as counted.
    pub rows: u64,
    /// Where new ids come from.
    pub uuid: UuidStrategy,
    /// What becomes of the table.
    pub legacy_table: LegacyTable,
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name used to sign in where there is no address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whose address counts as confirmed.
    pub confirmed: Confirmed,
    /// When the row says the account is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
    /// When the account was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// The last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_in: Option<String>,
    /// The zone of times without one.
    pub time_zone: String,
    /// Columns that no API role may read, moved out of the profile table.
    #[serde(default)]
    pub credentials: Vec<String>,
    /// The made-up addresses' domain.
    pub placeholder_domain: String,
    /// Put the old id into tokens.
    pub legacy_id_in_token: bool,
    /// Whether somebody may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Active>,
    /// Addresses, where they are not in the users table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactPlan>,
    /// Passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordPlan>,
    /// The role's column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What each value of the role's column becomes in `app_metadata.role`; `ask` where somebody must decide. The
    /// empty value stands for null.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, String>,
    /// `user_metadata`: key and column. The person may change it.
    #[serde(default)]
    pub user_metadata: BTreeMap<String, String>,
    /// `app_metadata`: key and column. Only servers may change it.
    #[serde(default)]
    pub app_metadata: BTreeMap<String, String>,
    /// What becomes of users with a problem, by the problem's code.
    #[serde(default)]
    pub conflicts: BTreeMap<String, UserDecision>,
}

/// Keys that give power, never to be put where people may change them (MIG-META-01).
const PRIVILEGES: [&str; 9] = [
    "role",
    "roles",
    "is_admin",
    "admin",
    "level",
    "is_superuser",
    "tenant",
    "is_active",
    "permissions",
];

impl UsersPlan {
    /// What a problem's line says; placeholders where it says nothing.
    pub fn decision(&self, code: &str) -> UserDecision {
        self.conflicts
            .get(code)
            .copied()
            .unwrap_or(UserDecision::Placeholder)
    }

    /// Every column that this part of the plan names.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&Name, &str)> {
        let optional = [
            &self.email,
            &self.username,
            &self.phone,
            &self.deleted_at,
            &self.created_at,
            &self.updated_at,
            &self.last_sign_in,
            &self.role,
        ];
        let confirmed = match &self.confirmed {
            Confirmed::Flag(column) | Confirmed::Time(column) => Some(column),
            Confirmed::All | Confirmed::None => None,
        };
        let uuid = match &self.uuid {
            UuidStrategy::Column(column) => Some(column),
            UuidStrategy::Derived => None,
        };
        let password = self.password.as_ref().map(|password| {
            [password.user_key.as_str(), password.column.as_str()]
                .into_iter()
                .chain(password.salt_columns())
                .map(|column| (&password.table, column))
        });
        std::iter::once(&self.id)
            .chain(optional.into_iter().flatten())
            .chain(confirmed)
            .chain(uuid)
            .chain(self.active.as_ref().map(|active| &active.column))
            .chain(&self.credentials)
            .chain(self.user_metadata.values())
            .chain(self.app_metadata.values())
            .map(|column| (&self.table, column.as_str()))
            .chain(password.into_iter().flatten())
            .chain(self.contact.iter().flat_map(ContactPlan::columns))
    }

    /// What must still be decided about users.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = self
            .conflicts
            .iter()
            .filter(|(_, decision)| **decision == UserDecision::Ask)
            .map(|(code, _)| Question::new("users.conflicts", code, answers(code)))
            .collect();
        questions.extend(
            self.roles
                .iter()
                .filter(|(_, becomes)| *becomes == "ask")
                .map(|(value, _)| {
                    Question::new(
                        "users.roles",
                        &format!("\"{value}\""),
                        "a role, such as user or admin",
                    )
                }),
        );
        questions
    }

    pub(super) fn accept_defaults(&mut self) {
        for (code, decision) in &mut self.conflicts {
            if *decision == UserDecision::Ask {
                *decision = if is_duplicate(code) {
                    UserDecision::KeepActive
                } else {
                    UserDecision::Placeholder
                };
            }
        }
        for becomes in self.roles.values_mut() {
            if becomes == "ask" {
                "user".clone_into(becomes);
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        for key in self.user_metadata.keys() {
            if PRIVILEGES.contains(&key.as_str()) {
                return Err(PlanError::Refused(format!(
                    "users.user_metadata.{key}: people may change user_metadata themselves; put it in app_metadata"
                )));
            }
        }
        let transforms = self.password.iter().flat_map(|it| &it.transform);
        for transform in transforms {
            if !password::is_transform(transform) {
                return Err(PlanError::Refused(format!(
                    "users.password.transform \"{transform}\": not one of md5-hex, sha1-hex, sha256-hex, sha512-hex, the \
                     same with -base64, prefix-pepper:NAME, append-pepper:NAME, prefix-salt:COLUMN, append-salt:COLUMN"
                )));
            }
        }
        let names = [&self.email, &self.phone, &self.username];
        if names.iter().all(|it| it.is_none()) && self.contact.is_none() {
            return Err(PlanError::Refused(
                "users: neither email nor phone nor username is named".into(),
            ));
        }
        Ok(())
    }
}

/// Whether a code is about several users with one address.
pub(crate) fn is_duplicate(code: &str) -> bool {
    code.ends_with("-DUP")
}

/// What a conflict's line may say.
pub(super) fn answers(code: &str) -> &'static str {
    if is_duplicate(code) {
        "keep-active | keep-newest | merge | placeholder | fail"
    } else {
        "placeholder | fail"
    }
}
