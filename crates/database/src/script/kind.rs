//! What a runner must know of a statement before it runs it.

use super::{Statement, What};

/// Roles that SQL written for Supabase presumes; their attributes are not a project's to change (DB-POW-06).
pub(crate) const RESERVED_ROLES: [&str; 21] = [
    "anon",
    "authenticated",
    "authenticator",
    "dashboard_user",
    "pgbouncer",
    "pgsodium_keyholder",
    "pgsodium_keyiduser",
    "pgsodium_keymaker",
    "pgtle_admin",
    "postgres",
    "service_role",
    "supabase_admin",
    "supabase_auth_admin",
    "supabase_etl_admin",
    "supabase_functions_admin",
    "supabase_read_only_user",
    "supabase_realtime_admin",
    "supabase_replication_admin",
    "supabase_storage_admin",
    "supabase_superuser",
    "cli_login_postgres",
];

/// What a runner must know of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Run as the owner role.
    Plain,
    /// Run as the administrator (DB-POW-05); why.
    Elevated(&'static str),
    /// `create`, `alter` or `drop extension`.
    Extension(Extension),
    /// Cannot run in a transaction.
    Alone,
    /// `begin` or `commit`: the runner has its own transaction.
    Transaction,
    /// `rollback`: the file wants a transaction of its own.
    Rollback,
    /// Left out; why.
    Skipped(&'static str),
    /// `set name …`: left out where the server does not know the setting.
    Set(String),
    /// `alter role|database … set name`: the owner role needs the right to the setting.
    SetFor(String),
    /// Refused: the role is reserved.
    Reserved(String),
}

/// What is to happen to which extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) verb: ExtensionVerb,
    pub(crate) name: String,
    pub(crate) schema: Option<String>,
}

/// What is to happen to an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtensionVerb {
    Create,
    Alter,
    Drop,
}

impl Statement<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self.word(0) {
            "begin" | "end" => Kind::Transaction,
            "start" if self.word(1) == "transaction" => Kind::Transaction,
            "commit" if self.word(1) != "prepared" => Kind::Transaction,
            "rollback" if !self.tokens.iter().any(|token| token.what == word("to")) => {
                Kind::Rollback
            }
            "abort" => Kind::Rollback,
            "vacuum" => Kind::Alone,
            "cluster" if self.tokens.len() == 1 => Kind::Alone,
            "reindex" if self.after(&["concurrently"]).is_some() => Kind::Alone,
            "create" => self.create(),
            "alter" => self.alter(),
            "drop" => self.drop(),
            "set" | "reset" => self.set(),
            "comment" if self.starts_with(&["comment", "on", "extension"]) => {
                Kind::Skipped("needs to own the extension")
            }
            "comment" if self.starts_with(&["comment", "on", "event", "trigger"]) => {
                Kind::Elevated("event trigger")
            }
            "grant" | "revoke" if self.after(&["on", "parameter"]).is_some() => {
                Kind::Elevated("right to a setting")
            }
            _ => Kind::Plain,
        }
    }

    fn create(&self) -> Kind {
        let foreign = ["create", "foreign", "data", "wrapper"];
        match self.word(1) {
            "extension" => self.create_extension(),
            "event" if self.word(2) == "trigger" => Kind::Elevated("event trigger"),
            "foreign" if self.starts_with(&foreign) => Kind::Elevated("foreign data wrapper"),
            "publication" => self.publication(),
            "database" | "tablespace" | "subscription" => Kind::Alone,
            "index" if self.word(2) == "concurrently" => Kind::Alone,
            "unique" if self.word(3) == "concurrently" => Kind::Alone,
            _ => Kind::Plain,
        }
    }

    fn create_extension(&self) -> Kind {
        let at = if self.word(2) == "if" { 5 } else { 2 };
        let Some(name) = self.name(at) else {
            return Kind::Plain;
        };
        let schema = self
            .after(&["schema"])
            .and_then(|at| self.name(at))
            .map(str::to_owned);
        Kind::Extension(Extension {
            verb: ExtensionVerb::Create,
            name: name.to_owned(),
            schema,
        })
    }

    fn publication(&self) -> Kind {
        let everything = self.after(&["for", "all"]).is_some()
            || self.after(&["tables", "in", "schema"]).is_some();
        if everything {
            Kind::Elevated("publication of all tables")
        } else {
            Kind::Plain
        }
    }

    fn alter(&self) -> Kind {
        let is_role = matches!(self.word(1), "role" | "user" | "group");
        if is_role && self.is_attribute_of_reserved() {
            return Kind::Reserved(self.name(2).unwrap_or_default().to_owned());
        }
        if (is_role || self.word(1) == "database")
            && let Some(setting) = self.setting_after_set()
        {
            return if is_role && self.is_reserved(2) && !setting.contains('.') {
                Kind::Elevated("setting of a reserved role")
            } else {
                Kind::SetFor(setting)
            };
        }
        if is_role && self.is_reserved(2) && self.after(&["reset"]).is_some() {
            return Kind::Elevated("setting of a reserved role");
        }
        let foreign = ["alter", "foreign", "data", "wrapper"];
        match self.word(1) {
            "system" => Kind::Alone,
            "extension" => match self.name(2) {
                Some(name) => Kind::Extension(Extension {
                    verb: ExtensionVerb::Alter,
                    name: name.to_owned(),
                    schema: None,
                }),
                None => Kind::Plain,
            },
            "event" if self.word(2) == "trigger" => Kind::Elevated("event trigger"),
            "foreign" if self.starts_with(&foreign) => Kind::Elevated("foreign data wrapper"),
            "publication" if self.publication() != Kind::Plain => self.publication(),
            "default" if self.default_privileges_of_reserved() => {
                Kind::Elevated("default privileges of a reserved role")
            }
            _ => match self.after(&["owner", "to"]).and_then(|at| self.name(at)) {
                Some(owner) if owner != "postgres" && RESERVED_ROLES.contains(&owner) => {
                    Kind::Elevated("owner that is a reserved role")
                }
                _ => Kind::Plain,
            },
        }
    }

    fn default_privileges_of_reserved(&self) -> bool {
        let role = self
            .after(&["for", "role"])
            .or_else(|| self.after(&["for", "user"]))
            .and_then(|at| self.name(at));
        role.is_some_and(|role| role != "postgres" && RESERVED_ROLES.contains(&role))
    }

    fn is_reserved(&self, index: usize) -> bool {
        self.name(index)
            .is_some_and(|name| RESERVED_ROLES.contains(&name))
    }

    /// `alter role anon superuser`, and the like; `alter role anon set …` is no attribute.
    fn is_attribute_of_reserved(&self) -> bool {
        self.is_reserved(2) && !matches!(self.word(3), "set" | "reset" | "in")
    }

    /// The setting's name in `alter role x [in database y] set name …`.
    fn setting_after_set(&self) -> Option<String> {
        let at = match (self.word(3), self.word(6)) {
            ("set", _) => 4,
            ("in", "set") => 7,
            _ => return None,
        };
        self.setting(at)
    }

    /// A setting's name, which may have dots; each part may be quoted, or all of it.
    fn setting(&self, mut at: usize) -> Option<String> {
        let mut name = self.name(at)?.to_owned();
        while self.is_symbol(at + 1, '.') {
            name.push('.');
            name.push_str(self.name(at + 2)?);
            at += 2;
        }
        Some(name)
    }

    fn drop(&self) -> Kind {
        match self.word(1) {
            "extension" => {
                let at = if self.word(2) == "if" { 4 } else { 2 };
                match self.name(at) {
                    Some(name) => Kind::Extension(Extension {
                        verb: ExtensionVerb::Drop,
                        name: name.to_owned(),
                        schema: None,
                    }),
                    None => Kind::Plain,
                }
            }
            "event" if self.word(2) == "trigger" => Kind::Elevated("event trigger"),
            "foreign" if self.starts_with(&["drop", "foreign", "data", "wrapper"]) => {
                Kind::Elevated("foreign data wrapper")
            }
            "index" if self.word(2) == "concurrently" => Kind::Alone,
            "database" | "tablespace" | "subscription" => Kind::Alone,
            "role" | "user" | "group" => {
                let from = if self.word(2) == "if" { 4 } else { 2 };
                let reserved = (from..self.tokens.len()).find(|&at| self.is_reserved(at));
                match reserved.and_then(|at| self.name(at)) {
                    Some(role) => Kind::Reserved(role.to_owned()),
                    None => Kind::Plain,
                }
            }
            _ => Kind::Plain,
        }
    }

    fn set(&self) -> Kind {
        if self.starts_with(&["reset", "session", "authorization"])
            || self
                .after(&["session", "authorization", "default"])
                .is_some()
        {
            return Kind::Skipped("the runner's own login");
        }
        if self.word(0) == "reset" {
            return Kind::Plain;
        }
        let at = if matches!(self.word(1), "local" | "session") {
            2
        } else {
            1
        };
        match self.setting(at) {
            Some(name) if name == "session_replication_role" => {
                Kind::Elevated("session_replication_role")
            }
            Some(name)
                if !matches!(
                    name.as_str(),
                    "role"
                        | "session"
                        | "authorization"
                        | "time"
                        | "transaction"
                        | "constraints"
                        | "characteristics"
                        | "names"
                        | "schema"
                        | "seed"
                        | "xml"
                ) =>
            {
                Kind::Set(name)
            }
            _ => Kind::Plain,
        }
    }

    /// The text without the privilege MAINTAIN, which servers before 17 do not know (DB-VER-06). `None` where it
    /// is the only one.
    pub(crate) fn without_maintain(&self) -> Option<String> {
        let is_grant = matches!(self.word(0), "grant" | "revoke")
            || self.starts_with(&["alter", "default", "privileges"]);
        let Some(at) = (is_grant)
            .then(|| {
                self.tokens
                    .iter()
                    .position(|token| token.what == word("maintain"))
            })
            .flatten()
        else {
            return Some(self.text.to_owned());
        };
        let (start, end) = if self.is_symbol(at + 1, ',') {
            (self.tokens[at].start, self.tokens[at + 1].end)
        } else if at > 0 && self.is_symbol(at - 1, ',') {
            (self.tokens[at - 1].start, self.tokens[at].end)
        } else {
            return None;
        };
        Some(format!("{}{}", &self.text[..start], &self.text[end..]))
    }
}

fn word(text: &str) -> What {
    What::Word(text.to_owned())
}
